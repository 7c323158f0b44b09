/** Executions and their steps as they are read back; written by the verbs of execution_verbs.ts. */

import type { ErrorCode } from "../errors.ts";
import type { ExecutionId } from "../ids.ts";
import type { Database, Row } from "./sqlite/database.ts";
import { unpack } from "./payloads.ts";
import { claimableSql } from "./queue.ts";
import type { ReadRow } from "./sqlite/reader.ts";
import type { ExecutionStatus, StepStatus } from "../statuses.ts";

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
  /** What someone has asked for that its owner has not yet carried out. */
  readonly wanted: "pause" | "cancel" | null;
  readonly inputParams: string;
  readonly result: string | null;
  readonly error: ErrorRow | null;
  readonly createdAtMs: number;
  readonly startedAtMs: number | null;
  readonly completedAtMs: number | null;
  /** The execution that this one repeats. */
  readonly rerunOf: ExecutionId | null;
  /** The instant that it sees up to; null: now. */
  readonly asOfMs: number | null;
}

/** An execution that nobody advances. */
export interface ClaimableRow {
  readonly executionId: ExecutionId;
  readonly workflowName: string;
  readonly definitionId: string;
  readonly status: "pending" | "running" | "waiting";
  readonly inputParams: string;
  readonly createdAtMs: number;
  /** The instant that it sees up to; null: now. */
  readonly asOfMs: number | null;
  /** What at most so many executions at once share; null where there is no limit. */
  readonly concurrencyKey: string | null;
  /** The firing that started it; null when someone did. */
  readonly scheduleId: string | null;
  readonly dueAtMs: number | null;
}

/** A row of `workflow_step_executions`: one attempt of one step, or of one of its items. */
export interface StepRow {
  readonly executionId: ExecutionId;
  readonly name: string;
  readonly index: number;
  /** The item's place in the list; -1 for a step that is carried out once. */
  readonly item: number;
  readonly attempt: number;
  readonly status: StepStatus;
  readonly startedAtMs: number;
  readonly completedAtMs: number | null;
  readonly result: string | null;
  readonly error: ErrorRow | null;
  /** Belongs to an earlier try of the execution. */
  readonly isSuperseded: boolean;
}

/** What {@link toExecution} reads. */
export const executionColumns = "execution_id, workflow_name, definition_id, status, wanted, " +
  "input_params, result, error_code, error_message, created_at, started_at, completed_at, " +
  "rerun_of, as_of";

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

  /**
   * All attempts of all steps, in the order of steps, items and attempts; with the results, large
   * ones too, of the steps in `read`, or of all. What a retry has taken out of the count has none.
   */
  async steps(id: ExecutionId, read?: readonly number[]): Promise<StepRow[]> {
    const isRead = read === undefined ? "" : "AND step_index IN (SELECT value FROM json_each(?2))";
    const rows = await this.#database.read(
      `SELECT step.execution_id, step_name, step_index, item, attempt, status, started_at,
         completed_at, iif(superseded = 0 ${isRead}, result, NULL) AS result, body, error_code,
         error_message, superseded
       FROM workflow_step_executions AS step
         LEFT JOIN payloads ON payload_id = result_ref AND superseded = 0 ${isRead}
       WHERE step.execution_id = ?1
       ORDER BY step_index, item, attempt`,
      read === undefined ? [id] : [id, JSON.stringify(read)],
    );
    return await Promise.all(rows.map(toStep));
  }

  /** The execution that was started with an idempotency key. */
  async startedWith(workflowName: string, key: string): Promise<ExecutionRow | undefined> {
    const [row] = await this.#database.read(
      `SELECT ${executionColumns} FROM workflow_executions
       WHERE workflow_name = ? AND idempotency_key = ?`,
      [workflowName, key],
    );
    return row && toExecution(row);
  }

  /**
   * What is to be taken next: what has begun and may go on, then what waits, in its turn. Of
   * workflows that are equal in all else, the one goes first that was `served` longest ago.
   */
  async claimable(
    nowMs: number,
    limit: number,
    served: Readonly<Record<string, number>> = {},
  ): Promise<ClaimableRow[]> {
    const args = [nowMs, limit, JSON.stringify(served)];
    const rows = await this.#database.read(claimableSql, args);
    return rows.map((row) => ({
      executionId: String(row.execution_id) as ExecutionId,
      workflowName: String(row.workflow_name),
      definitionId: String(row.definition_id),
      status: String(row.status) as ClaimableRow["status"],
      inputParams: String(row.input_params),
      createdAtMs: Number(row.created_at),
      asOfMs: numberOrNull(row.as_of),
      concurrencyKey: textOrNull(row.concurrency_key),
      scheduleId: textOrNull(row.schedule_id),
      dueAtMs: numberOrNull(row.due_at),
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

export function toExecution(row: ReadRow): ExecutionRow {
  return {
    executionId: String(row.execution_id) as ExecutionId,
    workflowName: String(row.workflow_name),
    definitionId: String(row.definition_id),
    status: String(row.status) as ExecutionStatus,
    wanted: textOrNull(row.wanted) as ExecutionRow["wanted"],
    inputParams: String(row.input_params),
    result: textOrNull(row.result),
    error: toError(row),
    createdAtMs: Number(row.created_at),
    startedAtMs: numberOrNull(row.started_at),
    completedAtMs: numberOrNull(row.completed_at),
    rerunOf: textOrNull(row.rerun_of) as ExecutionId | null,
    asOfMs: numberOrNull(row.as_of),
  };
}

async function toStep(row: Row): Promise<StepRow> {
  const body = textOrNull(row.body);
  return {
    executionId: String(row.execution_id) as ExecutionId,
    name: String(row.step_name),
    index: Number(row.step_index),
    item: Number(row.item),
    attempt: Number(row.attempt),
    status: String(row.status) as StepStatus,
    startedAtMs: Number(row.started_at),
    completedAtMs: numberOrNull(row.completed_at),
    result: body === null ? textOrNull(row.result) : await unpack(body),
    error: toError(row),
    isSuperseded: row.superseded === 1,
  };
}

/** The error of a row that may have one. */
export function toError(row: ReadRow): ErrorRow | null {
  if (row.error_code === null || row.error_code === undefined) return null;
  return { code: String(row.error_code) as ErrorCode, message: String(row.error_message) };
}

/** A column of text that may be null. */
export function textOrNull(value: unknown): string | null {
  return value === null || value === undefined ? null : String(value);
}

function numberOrNull(value: unknown): number | null {
  return value === null || value === undefined ? null : Number(value);
}
