/**
 * The verbs that the engine advances executions and their steps with.
 *
 * Every one of them names the lease it does so under (`owner`); a row whose lease has been lost
 * changes nothing, and the commit's answer says so.
 */

import type { ErrorCode } from "../errors.ts";
import type { Verb } from "./sqlite/commits.ts";
import type { FinalStatus } from "../statuses.ts";

/** What tells attempts apart, in a row and in SQL. */
function attemptKey(
  { execution_id, index, item, attempt }: {
    readonly execution_id: string;
    readonly index: number;
    readonly item: number;
    readonly attempt: number;
  },
): string {
  return `${execution_id}/${index}/${item}/${attempt}`;
}
const attemptKeySql = "execution_id || '/' || step_index || '/' || item || '/' || attempt";

/** Only of an execution that runs under the lease that the row names. */
const underLease = `JOIN workflow_executions AS execution
      ON execution.execution_id = step.value ->> 'execution_id'
      AND execution.status = 'running' AND execution.lease_owner = step.value ->> 'owner'
    WHERE true
    ON CONFLICT DO NOTHING`;

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

/**
 * Stores a new execution. One that a firing starts is stored only while that firing is as `was`
 * says: not entered yet, or waiting. In one transaction with the firing's own row, an instant is
 * started by one of all who try.
 */
export const createExecution: Verb<
  {
    execution_id: string;
    name: string;
    definition_id: string;
    input: string;
    priority?: number;
    at: number;
    idempotency_key?: string | null;
    rerun_of?: string | null;
    as_of?: number | null;
    concurrency_key?: string | null;
    concurrency_max?: number | null;
    schedule_id?: string;
    due_at?: number;
    was?: "none" | "due";
  }
> = {
  name: "create_execution",
  order: 20,
  key: ({ execution_id }) => execution_id,
  sql: `INSERT INTO workflow_executions
      (execution_id, workflow_name, definition_id, status, input_params, priority, created_at,
       idempotency_key, rerun_of, as_of, concurrency_key, concurrency_max, schedule_id, due_at)
    SELECT value ->> 'execution_id', value ->> 'name', value ->> 'definition_id', 'pending',
      value ->> 'input', coalesce(value ->> 'priority', 0), value ->> 'at',
      value ->> 'idempotency_key', value ->> 'rerun_of', value ->> 'as_of',
      value ->> 'concurrency_key', value ->> 'concurrency_max',
      value ->> 'schedule_id', value ->> 'due_at'
    FROM json_each(?1)
    WHERE value ->> 'schedule_id' IS NULL OR value ->> 'was' = coalesce((
      SELECT status FROM firings WHERE firings.schedule_id = value ->> 'schedule_id'
        AND firings.due_at = value ->> 'due_at'), 'none')
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
      lease_owner = claim.value ->> 'owner', lease_expires_at = claim.value ->> 'expires',
      wake_at = NULL
    FROM json_each(?1) AS claim
    WHERE execution_id = claim.value ->> 'execution_id' AND (
      status = 'pending' OR
      (status = 'waiting' AND wake_at <= claim.value ->> 'at') OR
      (status = 'running' AND lease_owner = claim.value ->> 'owner') OR
      (status = 'running' AND coalesce(lease_expires_at, 0) <= claim.value ->> 'at'))
    RETURNING execution_id AS key`,
};

export const completeStep: Verb<
  {
    execution_id: string;
    index: number;
    item: number;
    attempt: number;
    owner: string;
    status: "completed" | "failed" | "cancelled";
    at: number;
    result: string | null;
    result_ref: string | null;
    error_code: ErrorCode | null;
    error_message: string | null;
  }
> = {
  name: "complete_step",
  order: 40,
  key: attemptKey,
  sql: `UPDATE workflow_step_executions AS step SET
      status = done.value ->> 'status', completed_at = done.value ->> 'at',
      result = done.value ->> 'result', result_ref = done.value ->> 'result_ref',
      error_code = done.value ->> 'error_code', error_message = done.value ->> 'error_message'
    FROM json_each(?1) AS done
    JOIN workflow_executions AS execution
      ON execution.execution_id = done.value ->> 'execution_id'
    WHERE step.execution_id = done.value ->> 'execution_id'
      AND step.step_index = done.value ->> 'index' AND step.item = done.value ->> 'item'
      AND step.attempt = done.value ->> 'attempt'
      AND step.status = 'running' AND execution.lease_owner = done.value ->> 'owner'
    RETURNING ${attemptKeySql} AS key`,
};

export const beginStep: Verb<
  {
    execution_id: string;
    name: string;
    index: number;
    item: number;
    attempt: number;
    owner: string;
    at: number;
  }
> = {
  name: "begin_step",
  order: 50,
  key: attemptKey,
  sql: `INSERT INTO workflow_step_executions
      (execution_id, step_name, step_index, item, attempt, status, started_at)
    SELECT value ->> 'execution_id', value ->> 'name', value ->> 'index', value ->> 'item',
      value ->> 'attempt', 'running', value ->> 'at'
    FROM json_each(?1) AS step
    ${underLease}
    RETURNING ${attemptKeySql} AS key`,
};

/** Records what came of a step without a request: it was skipped, or its params can't be made. */
export const settleStep: Verb<
  {
    execution_id: string;
    name: string;
    index: number;
    item: number;
    attempt: number;
    owner: string;
    at: number;
    status: "completed" | "failed" | "skipped";
    result: string | null;
    error_code: ErrorCode | null;
    error_message: string | null;
  }
> = {
  name: "settle_step",
  order: 52,
  key: attemptKey,
  sql: `INSERT INTO workflow_step_executions
      (execution_id, step_name, step_index, item, attempt, status, started_at, completed_at,
       result, error_code, error_message)
    SELECT value ->> 'execution_id', value ->> 'name', value ->> 'index', value ->> 'item',
      value ->> 'attempt', value ->> 'status', value ->> 'at', value ->> 'at',
      value ->> 'result', value ->> 'error_code', value ->> 'error_message'
    FROM json_each(?1) AS step
    ${underLease}
    RETURNING ${attemptKeySql} AS key`,
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
      duration_ms = done.value ->> 'at' - coalesce(started_at, done.value ->> 'at'),
      result = done.value ->> 'result', error_code = done.value ->> 'error_code',
      error_message = done.value ->> 'error_message',
      lease_owner = NULL, lease_expires_at = NULL, wanted = NULL, wake_at = NULL
    FROM json_each(?1) AS done
    WHERE execution_id = done.value ->> 'execution_id' AND completed_at IS NULL
      AND (lease_owner = done.value ->> 'owner' OR
        status = 'pending' OR (status = 'paused' AND started_at IS NULL))
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
