/**
 * The verbs that executions are steered with: put to sleep, paused, resumed, cancelled, retried.
 * What is asked of an execution that somebody advances is only written down (`wanted`), for its
 * owner to carry out; so it outlives the daemon that was asked.
 */

import type { Verb } from "./sqlite/commits.ts";

/** Lets go of a running execution until an instant, or until it is resumed. */
export const parkExecution: Verb<
  { execution_id: string; owner: string; status: "waiting" | "paused"; wake_at: number | null }
> = {
  name: "park_execution",
  order: 58,
  key: ({ execution_id }) => execution_id,
  sql: `UPDATE workflow_executions SET
      status = park.value ->> 'status', wake_at = park.value ->> 'wake_at',
      lease_owner = NULL, lease_expires_at = NULL,
      wanted = iif(park.value ->> 'status' = 'paused' AND wanted = 'pause', NULL, wanted)
    FROM json_each(?1) AS park
    WHERE execution_id = park.value ->> 'execution_id' AND status = 'running'
      AND lease_owner = park.value ->> 'owner'
    RETURNING execution_id AS key`,
};

/** Pauses: at once what nobody advances, else by its owner's hand. */
export const pauseExecution: Verb<{ execution_id: string }> = {
  name: "pause_execution",
  order: 61,
  key: ({ execution_id }) => execution_id,
  sql: `UPDATE workflow_executions SET
      wanted = iif(status = 'running', 'pause', NULL),
      status = iif(status = 'running', 'running', 'paused'), wake_at = NULL
    FROM json_each(?1) AS pause
    WHERE execution_id = pause.value ->> 'execution_id'
      AND status IN ('pending', 'running', 'waiting') AND wanted IS NOT 'cancel'
    RETURNING execution_id AS key`,
};

/** Takes a pause back. */
export const resumeExecution: Verb<{ execution_id: string }> = {
  name: "resume_execution",
  order: 62,
  key: ({ execution_id }) => execution_id,
  sql: `UPDATE workflow_executions SET
      wanted = NULL,
      status = iif(status = 'paused' AND started_at IS NULL, 'pending', 'running')
    FROM json_each(?1) AS resume
    WHERE execution_id = resume.value ->> 'execution_id'
      AND (status = 'paused' OR (status = 'running' AND wanted = 'pause'))
    RETURNING execution_id AS key`,
};

/** Asks for the end of an execution that has begun; a parked one is woken to be ended. */
export const cancelExecution: Verb<{ execution_id: string }> = {
  name: "cancel_execution",
  order: 63,
  key: ({ execution_id }) => execution_id,
  sql: `UPDATE workflow_executions SET wanted = 'cancel', status = 'running', wake_at = NULL
    FROM json_each(?1) AS cancel
    WHERE execution_id = cancel.value ->> 'execution_id'
      AND (status = 'running' OR (status IN ('waiting', 'paused') AND started_at IS NOT NULL))
    RETURNING execution_id AS key`,
};

/** Opens a failed or cancelled execution again. */
export const retryExecution: Verb<{ execution_id: string }> = {
  name: "retry_execution",
  order: 64,
  key: ({ execution_id }) => execution_id,
  sql: `UPDATE workflow_executions SET
      status = 'running', started_at = NULL, completed_at = NULL, duration_ms = NULL,
      result = NULL,
      error_code = NULL, error_message = NULL, wanted = NULL
    FROM json_each(?1) AS retry
    WHERE execution_id = retry.value ->> 'execution_id' AND status IN ('failed', 'cancelled')
    RETURNING execution_id AS key`,
};

/**
 * Takes the failed and cancelled attempts of the steps out of the count, and whatever came of
 * those from `finally_index` on: they are carried out anew.
 */
export const supersedeSteps: Verb<
  { execution_id: string; steps: readonly number[]; finally_index: number }
> = {
  name: "supersede_steps",
  order: 65,
  key: ({ execution_id }) => execution_id,
  sql: `UPDATE workflow_step_executions AS step SET superseded = 1
    FROM json_each(?1) AS retry
    JOIN workflow_executions AS execution
      ON execution.execution_id = retry.value ->> 'execution_id'
      -- as retry_execution has left it a moment ago
      AND execution.status = 'running' AND execution.started_at IS NULL
    WHERE step.execution_id = retry.value ->> 'execution_id' AND (
      step.step_index >= retry.value ->> 'finally_index' OR (
        step.status IN ('failed', 'cancelled') AND
        step.step_index IN (SELECT value FROM json_each(retry.value -> 'steps'))))
    RETURNING execution_id AS key`,
};
