/** SQL of pausing, resuming, cancelling and retrying executions. */

import type {
  CancelExecution,
  PauseExecution,
  ResumeExecution,
  RetryExecution,
  SupersedeSteps,
} from "../../operations/steering.ts";
import { executionKey } from "../keys.ts";
import type { Kind } from "../kind.ts";

export const pauseExecution: Kind<PauseExecution> = {
  kind: "pause_execution",
  key: executionKey,
  sql: `UPDATE workflow_executions SET
      wanted = iif(status = 'running', 'pause', NULL),
      status = iif(status = 'running', 'running', 'paused'), wake_at = NULL
    FROM json_each(?1) AS pause
    WHERE execution_id = pause.value ->> 'executionId'
      AND status IN ('pending', 'running', 'waiting') AND wanted IS NOT 'cancel'
    RETURNING execution_id AS key`,
};

export const resumeExecution: Kind<ResumeExecution> = {
  kind: "resume_execution",
  key: executionKey,
  sql: `UPDATE workflow_executions SET
      wanted = NULL,
      status = iif(status = 'paused' AND started_at IS NULL, 'pending', 'running')
    FROM json_each(?1) AS resume
    WHERE execution_id = resume.value ->> 'executionId'
      AND (status = 'paused' OR (status = 'running' AND wanted = 'pause'))
    RETURNING execution_id AS key`,
};

export const cancelExecution: Kind<CancelExecution> = {
  kind: "cancel_execution",
  key: executionKey,
  sql: `UPDATE workflow_executions SET wanted = 'cancel', status = 'running', wake_at = NULL
    FROM json_each(?1) AS cancel
    WHERE execution_id = cancel.value ->> 'executionId'
      AND (status = 'running' OR (status IN ('waiting', 'paused') AND started_at IS NOT NULL))
    RETURNING execution_id AS key`,
};

export const retryExecution: Kind<RetryExecution> = {
  kind: "retry_execution",
  key: executionKey,
  sql: `UPDATE workflow_executions SET
      status = 'running', started_at = NULL, completed_at = NULL, duration_ms = NULL,
      result = NULL,
      error_code = NULL, error_message = NULL, wanted = NULL
    FROM json_each(?1) AS retry
    WHERE execution_id = retry.value ->> 'executionId' AND status IN ('failed', 'cancelled')
    RETURNING execution_id AS key`,
};

export const supersedeSteps: Kind<SupersedeSteps> = {
  kind: "supersede_steps",
  key: executionKey,
  sql: `UPDATE workflow_step_executions AS step SET superseded = 1
    FROM json_each(?1) AS retry
    JOIN workflow_executions AS execution
      ON execution.execution_id = retry.value ->> 'executionId'
      -- retry_execution has just reopened it in this transaction
      AND execution.status = 'running' AND execution.started_at IS NULL
    WHERE step.execution_id = retry.value ->> 'executionId' AND (
      step.step_index >= retry.value ->> 'finallyIndex' OR (
        step.status IN ('failed', 'cancelled') AND
        step.step_index IN (SELECT value FROM json_each(retry.value -> 'steps'))))
    RETURNING execution_id AS key`,
};
