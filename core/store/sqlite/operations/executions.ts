/** SQL of executions and their leases. */

import type {
  ClaimExecution,
  CreateExecution,
  FinishExecution,
  ForgetExecution,
  ParkExecution,
  ReleaseAllLeases,
  RenewLease,
  SaveDefinition,
} from "../../operations/executions.ts";
import { executionKey } from "../keys.ts";
import { longIn, longText } from "../columns.ts";
import type { Kind } from "../kind.ts";

export const saveDefinition: Kind<SaveDefinition> = {
  kind: "save_definition",
  key: ({ definitionId }) => definitionId,
  parts: longIn("text"),
  sql: `INSERT INTO workflow_definitions (definition_id, workflow_name, text, created_at)
    SELECT value ->> 'definitionId', value ->> 'workflowName', ${longText("text")}, value ->> 'atMs'
    FROM json_each(?1) WHERE true
    ON CONFLICT DO NOTHING RETURNING definition_id AS key`,
};

export const createExecution: Kind<CreateExecution> = {
  kind: "create_execution",
  key: executionKey,
  parts: longIn("inputParams"),
  sql: `INSERT INTO workflow_executions
      (execution_id, workflow_name, definition_id, status, input_params, priority, created_at,
       idempotency_key, rerun_of, as_of, concurrency_key, concurrency_max, schedule_id, due_at)
    SELECT value ->> 'executionId', value ->> 'workflowName', value ->> 'definitionId', 'pending',
      ${longText("inputParams")}, coalesce(value ->> 'priority', 0), value ->> 'atMs',
      value ->> 'idempotencyKey', value ->> 'rerunOf', value ->> 'asOfMs',
      value ->> 'concurrencyKey', value ->> 'concurrencyMax', value ->> 'scheduleId',
      value ->> 'dueAtMs'
    FROM json_each(?1)
    WHERE value ->> 'scheduleId' IS NULL OR value ->> 'was' = coalesce((
      SELECT status FROM firings WHERE firings.schedule_id = value ->> 'scheduleId'
        AND firings.due_at = value ->> 'dueAtMs'), 'none')
    ON CONFLICT DO NOTHING RETURNING execution_id AS key`,
};

export const releaseAllLeases: Kind<ReleaseAllLeases> = {
  kind: "release_all_leases",
  key: () => "",
  sql: `UPDATE workflow_executions SET lease_owner = NULL, lease_expires_at = NULL
    WHERE completed_at IS NULL AND status IN ('running', 'waiting') AND lease_owner IS NOT NULL
      AND json_array_length(?1) > 0
    RETURNING '' AS key`,
};

export const claimExecution: Kind<ClaimExecution> = {
  kind: "claim_execution",
  key: executionKey,
  sql: `UPDATE workflow_executions SET
      status = 'running', started_at = coalesce(started_at, claim.value ->> 'atMs'),
      lease_owner = claim.value ->> 'owner', lease_expires_at = claim.value ->> 'expiresAtMs',
      wake_at = NULL
    FROM json_each(?1) AS claim
    WHERE execution_id = claim.value ->> 'executionId' AND (
      status = 'pending' OR
      (status = 'waiting' AND wake_at <= claim.value ->> 'atMs') OR
      (status = 'running' AND lease_owner = claim.value ->> 'owner') OR
      (status = 'running' AND coalesce(lease_expires_at, 0) <= claim.value ->> 'atMs'))
    RETURNING execution_id AS key`,
};

export const parkExecution: Kind<ParkExecution> = {
  kind: "park_execution",
  key: executionKey,
  sql: `UPDATE workflow_executions SET
      status = park.value ->> 'status', wake_at = park.value ->> 'wakeAtMs',
      lease_owner = NULL, lease_expires_at = NULL,
      wanted = iif(park.value ->> 'status' = 'paused' AND wanted = 'pause', NULL, wanted)
    FROM json_each(?1) AS park
    WHERE execution_id = park.value ->> 'executionId' AND status = 'running'
      AND lease_owner = park.value ->> 'owner'
    RETURNING execution_id AS key`,
};

export const finishExecution: Kind<FinishExecution> = {
  kind: "finish_execution",
  key: executionKey,
  parts: longIn("result"),
  sql: `UPDATE workflow_executions SET
      status = done.value ->> 'status', completed_at = done.value ->> 'atMs',
      duration_ms = done.value ->> 'atMs' - coalesce(started_at, done.value ->> 'atMs'),
      result = ${longText("result", "done.value")}, error_code = done.value ->> '$.error.code',
      error_message = done.value ->> '$.error.message',
      lease_owner = NULL, lease_expires_at = NULL, wanted = NULL, wake_at = NULL
    FROM json_each(?1) AS done
    WHERE execution_id = done.value ->> 'executionId' AND completed_at IS NULL
      AND (lease_owner = done.value ->> 'owner' OR
        status = 'pending' OR (status = 'paused' AND started_at IS NULL))
    RETURNING execution_id AS key`,
};

export const renewLease: Kind<RenewLease> = {
  kind: "renew_lease",
  key: executionKey,
  sql: `UPDATE workflow_executions SET lease_expires_at = renewal.value ->> 'expiresAtMs'
    FROM json_each(?1) AS renewal
    WHERE execution_id = renewal.value ->> 'executionId'
      AND lease_owner = renewal.value ->> 'owner'
    RETURNING execution_id AS key`,
};

export const forgetExecution: Kind<ForgetExecution> = {
  kind: "forget_execution",
  key: executionKey,
  sql: `DELETE FROM workflow_executions WHERE execution_id IN (
      SELECT execution_id FROM json_each(?1) JOIN workflow_executions
        ON execution_id = value ->> 'executionId' AND completed_at < value ->> 'beforeMs')
    RETURNING execution_id AS key`,
};
