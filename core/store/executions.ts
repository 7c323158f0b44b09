/**
 * Executions and their steps: the verbs the engine writes with, and what is read back.
 *
 * Every verb that advances an execution names the lease it does so under (`owner`); a row whose
 * lease has been lost changes nothing, and the commit's answer says so.
 */

import type { ErrorCode } from "../errors.ts";
import type { ExecutionId } from "../ids.ts";
import type { Verb } from "./commits.ts";
import type { Database, Row } from "./database.ts";
import { claimableSql } from "./queue.ts";

export type ExecutionStatus =
  | "pending"
  | "running"
  | "waiting"
  | "paused"
  | "completed"
  | "failed"
  | "cancelled";
export type FinalStatus = Extract<ExecutionStatus, "completed" | "failed" | "cancelled">;
export type StepStatus =
  | "pending"
  | "running"
  | "waiting"
  | "completed"
  | "failed"
  | "cancelled"
  | "skipped";

export interface ErrorRow {
  readonly code: ErrorCode;
  readonly message: string;
}

/** A row of `workflow_executions`. JSON stays text. */
export interface ExecutionRow {
  readonly executionId: ExecutionId;
  readonly workflowName: string;
  readonly definitionId: string;
  readonly status: ExecutionStatus;
  readonly inputParams: string;
  readonly result: string | null;
  readonly error: ErrorRow | null;
  readonly createdAtMs: number;
  readonly startedAtMs: number | null;
  readonly completedAtMs: number | null;
}

/** An execution that nobody advances. */
export interface ClaimableRow {
  readonly executionId: ExecutionId;
  readonly workflowName: string;
  readonly definitionId: string;
  readonly status: "pending" | "running";
}

/** A row of `workflow_step_executions`: one attempt of one step. */
export interface StepRow {
  readonly executionId: ExecutionId;
  readonly name: string;
  readonly index: number;
  readonly attempt: number;
  readonly status: StepStatus;
  readonly startedAtMs: number;
  readonly completedAtMs: number | null;
  readonly result: string | null;
  readonly error: ErrorRow | null;
}

/** How long a lease holds without being renewed. */
export const leaseMs = 30_000;

export const saveDefinition: Verb<
  { definition_id: string; name: string; text: string; at: number }
> = {
  name: "save_definition",
  order: 10,
  key: ({ definition_id }) => definition_id,
  sql: `INSERT INTO workflow_definitions (definition_id, workflow_name, text, created_at)
      SELECT value ->> 'definition_id', value ->> 'name', value ->> 'text', value ->> 'at'
      FROM json_each(?1) WHERE true
      ON CONFLICT DO NOTHING RETURNING definition_id AS key`,
};

export const createExecution: Verb<
  {
    execution_id: string;
    name: string;
    definition_id: string;
    input: string;
    priority?: number;
    at: number;
  }
> = {
  name: "create_execution",
  order: 20,
  key: ({ execution_id }) => execution_id,
  sql: `INSERT INTO workflow_executions
      (execution_id, workflow_name, definition_id, status, input_params, priority, created_at)
    SELECT value ->> 'execution_id', value ->> 'name', value ->> 'definition_id', 'pending',
      value ->> 'input', coalesce(value ->> 'priority', 0), value ->> 'at'
    FROM json_each(?1) WHERE true
    ON CONFLICT DO NOTHING RETURNING execution_id AS key`,
};

/** Takes the lease of a pending execution, or of one whose lease nobody holds any more. */
export const claimExecution: Verb<
  { execution_id: string; owner: string; at: number; expires: number }
> = {
  name: "claim_execution",
  order: 30,
  key: ({ execution_id }) => execution_id,
  sql: `UPDATE workflow_executions SET
      status = 'running', started_at = coalesce(started_at, claim.value ->> 'at'),
      lease_owner = claim.value ->> 'owner', lease_expires_at = claim.value ->> 'expires'
    FROM json_each(?1) AS claim
    WHERE execution_id = claim.value ->> 'execution_id' AND (
      status = 'pending' OR
      (status = 'running' AND lease_owner = claim.value ->> 'owner') OR
      (status = 'running' AND coalesce(lease_expires_at, 0) <= claim.value ->> 'at'))
    RETURNING execution_id AS key`,
};

export const completeStep: Verb<
  {
    execution_id: string;
    index: number;
    attempt: number;
    owner: string;
    status: "completed" | "failed" | "cancelled";
    at: number;
    result: string | null;
    error_code: ErrorCode | null;
    error_message: string | null;
  }
> = {
  name: "complete_step",
  order: 40,
  key: ({ execution_id, index, attempt }) => `${execution_id}/${index}/${attempt}`,
  sql: `UPDATE workflow_step_executions AS step SET
      status = done.value ->> 'status', completed_at = done.value ->> 'at',
      result = done.value ->> 'result', error_code = done.value ->> 'error_code',
      error_message = done.value ->> 'error_message'
    FROM json_each(?1) AS done
    JOIN workflow_executions AS execution
      ON execution.execution_id = done.value ->> 'execution_id'
    WHERE step.execution_id = done.value ->> 'execution_id'
      AND step.step_index = done.value ->> 'index' AND step.attempt = done.value ->> 'attempt'
      AND step.status = 'running' AND execution.lease_owner = done.value ->> 'owner'
    RETURNING execution_id || '/' || step_index || '/' || attempt AS key`,
};

export const beginStep: Verb<
  {
    execution_id: string;
    name: string;
    index: number;
    attempt: number;
    owner: string;
    at: number;
  }
> = {
  name: "begin_step",
  order: 50,
  key: ({ execution_id, index, attempt }) => `${execution_id}/${index}/${attempt}`,
  sql: `INSERT INTO workflow_step_executions
      (execution_id, step_name, step_index, attempt, status, started_at)
    SELECT value ->> 'execution_id', value ->> 'name', value ->> 'index', value ->> 'attempt',
      'running', value ->> 'at'
    FROM json_each(?1) AS step
    JOIN workflow_executions AS execution
      ON execution.execution_id = step.value ->> 'execution_id'
      AND execution.status = 'running' AND execution.lease_owner = step.value ->> 'owner'
    WHERE true
    ON CONFLICT DO NOTHING
    RETURNING execution_id || '/' || step_index || '/' || attempt AS key`,
};

/** Ends an execution under its lease, or a pending one that has none. */
export const finishExecution: Verb<
  {
    execution_id: string;
    owner: string;
    status: FinalStatus;
    at: number;
    result: string | null;
    error_code: ErrorCode | null;
    error_message: string | null;
  }
> = {
  name: "finish_execution",
  order: 60,
  key: ({ execution_id }) => execution_id,
  sql: `UPDATE workflow_executions SET
      status = done.value ->> 'status', completed_at = done.value ->> 'at',
      result = done.value ->> 'result', error_code = done.value ->> 'error_code',
      error_message = done.value ->> 'error_message',
      lease_owner = NULL, lease_expires_at = NULL
    FROM json_each(?1) AS done
    WHERE execution_id = done.value ->> 'execution_id'
      AND (lease_owner = done.value ->> 'owner' OR status = 'pending')
    RETURNING execution_id AS key`,
};

/** Keeps a lease for another {@link leaseMs}. */
export const renewLease: Verb<{ execution_id: string; owner: string; expires: number }> = {
  name: "renew_lease",
  order: 70,
  key: ({ execution_id }) => execution_id,
  sql: `UPDATE workflow_executions SET lease_expires_at = renewal.value ->> 'expires'
    FROM json_each(?1) AS renewal
    WHERE execution_id = renewal.value ->> 'execution_id'
      AND lease_owner = renewal.value ->> 'owner'
    RETURNING execution_id AS key`,
};

/** Takes every lease away: at start, when a lock proves that their owners are dead. */
export const releaseAllLeases =
  "UPDATE workflow_executions SET lease_owner = NULL, lease_expires_at = NULL " +
  "WHERE completed_at IS NULL AND status IN ('running', 'waiting') AND lease_owner IS NOT NULL";

const executionColumns = "execution_id, workflow_name, definition_id, status, input_params, " +
  "result, error_code, error_message, created_at, started_at, completed_at";

/** What is read of executions. */
export class ExecutionReader {
  readonly #database: Database;

  constructor(database: Database) {
    this.#database = database;
  }

  async execution(id: ExecutionId): Promise<ExecutionRow | undefined> {
    const sql = `SELECT ${executionColumns} FROM workflow_executions WHERE execution_id = ?`;
    const [row] = await this.#database.read(sql, [id]);
    return row && toExecution(row);
  }

  /** All attempts of all steps, in the order in which they began. */
  async steps(id: ExecutionId): Promise<StepRow[]> {
    const rows = await this.#database.read(
      `SELECT execution_id, step_name, step_index, attempt, status, started_at, completed_at,
         result, error_code, error_message
       FROM workflow_step_executions WHERE execution_id = ? ORDER BY step_index, attempt`,
      [id],
    );
    return rows.map(toStep);
  }

  /** The newest executions, of one workflow or of all. */
  async history(workflowName: string | undefined, limit: number): Promise<ExecutionRow[]> {
    const where = workflowName === undefined ? "" : "WHERE workflow_name = ?";
    const rows = await this.#database.read(
      `SELECT ${executionColumns} FROM workflow_executions ${where}
       ORDER BY execution_id DESC LIMIT ?`,
      workflowName === undefined ? [limit] : [workflowName, limit],
    );
    return rows.map(toExecution);
  }

  /** What is to be taken next: executions whose lease ran out, then what waits, in its turn. */
  async claimable(nowMs: number, limit: number): Promise<ClaimableRow[]> {
    const rows = await this.#database.read(claimableSql, [nowMs, limit]);
    return rows.map((row) => ({
      executionId: String(row.execution_id) as ExecutionId,
      workflowName: String(row.workflow_name),
      definitionId: String(row.definition_id),
      status: row.status === "pending" ? "pending" : "running",
    }));
  }

  /** Those of the executions that are no longer `owner`'s to advance. */
  async lostLeases(ids: readonly ExecutionId[], owner: string): Promise<ExecutionId[]> {
    const rows = await this.#database.read(
      `SELECT execution_id FROM workflow_executions
       WHERE execution_id IN (SELECT value FROM json_each(?1))
         AND status <> 'pending' AND lease_owner IS NOT ?2`,
      [JSON.stringify(ids), owner],
    );
    return rows.map((row) => String(row.execution_id) as ExecutionId);
  }

  async pendingCount(): Promise<number> {
    const [row] = await this.#database.read(
      `SELECT count(*) AS count FROM workflow_executions
       WHERE completed_at IS NULL AND status = 'pending'`,
    );
    return Number(row?.count ?? 0);
  }

  async definitionText(definitionId: string): Promise<string | undefined> {
    const [row] = await this.#database.read(
      "SELECT text FROM workflow_definitions WHERE definition_id = ?",
      [definitionId],
    );
    return row && String(row.text);
  }
}

function toExecution(row: Row): ExecutionRow {
  return {
    executionId: String(row.execution_id) as ExecutionId,
    workflowName: String(row.workflow_name),
    definitionId: String(row.definition_id),
    status: String(row.status) as ExecutionStatus,
    inputParams: String(row.input_params),
    result: textOrNull(row.result),
    error: toError(row),
    createdAtMs: Number(row.created_at),
    startedAtMs: numberOrNull(row.started_at),
    completedAtMs: numberOrNull(row.completed_at),
  };
}

function toStep(row: Row): StepRow {
  return {
    executionId: String(row.execution_id) as ExecutionId,
    name: String(row.step_name),
    index: Number(row.step_index),
    attempt: Number(row.attempt),
    status: String(row.status) as StepStatus,
    startedAtMs: Number(row.started_at),
    completedAtMs: numberOrNull(row.completed_at),
    result: textOrNull(row.result),
    error: toError(row),
  };
}

function toError(row: Row): ErrorRow | null {
  if (row.error_code === null || row.error_code === undefined) return null;
  return { code: String(row.error_code) as ErrorCode, message: String(row.error_message) };
}

function textOrNull(value: unknown): string | null {
  return value === null || value === undefined ? null : String(value);
}

function numberOrNull(value: unknown): number | null {
  return value === null || value === undefined ? null : Number(value);
}
