/** SQL of attempts. */

import type { BeginStep, CompleteStep, SettleStep } from "../../operations/steps.ts";
import { attemptKey, attemptKeySql } from "../keys.ts";
import { longIn, longText } from "../columns.ts";
import type { Kind } from "../kind.ts";
import type { SavePayload, StoredStep } from "../payloads.ts";

/** Restricts rows to executions that run under the lease that the row names. */
const underLease = `JOIN workflow_executions AS execution
      ON execution.execution_id = step.value ->> 'executionId'
      AND execution.status = 'running' AND execution.lease_owner = step.value ->> 'owner'
    WHERE true
    ON CONFLICT DO NOTHING`;

/** Written under the same lease that ends the attempt. */
export const savePayload: Kind<SavePayload> = {
  kind: "save_payload",
  key: ({ payloadId }) => payloadId,
  parts: longIn("body"),
  sql: `INSERT INTO payloads (payload_id, execution_id, encoding, size_bytes, body)
    SELECT value ->> 'payloadId', value ->> 'executionId', 'gzip_base64', value ->> 'sizeBytes',
      ${longText("body")}
    FROM json_each(?1) AS payload
    JOIN workflow_executions AS execution
      ON execution.execution_id = payload.value ->> 'executionId'
      AND execution.lease_owner = payload.value ->> 'owner'
    WHERE true
    ON CONFLICT DO NOTHING RETURNING payload_id AS key`,
};

export const completeStep: Kind<CompleteStep | StoredStep> = {
  kind: "complete_step",
  key: attemptKey,
  parts: longIn("result"),
  sql: `UPDATE workflow_step_executions AS step SET
      status = done.value ->> 'status', completed_at = done.value ->> 'atMs',
      result = ${longText("result", "done.value")}, result_ref = done.value ->> 'resultRef',
      error_code = done.value ->> '$.error.code', error_message = done.value ->> '$.error.message'
    FROM json_each(?1) AS done
    JOIN workflow_executions AS execution
      ON execution.execution_id = done.value ->> 'executionId'
    WHERE step.execution_id = done.value ->> 'executionId'
      AND step.step_index = done.value ->> 'index' AND step.item = done.value ->> 'item'
      AND step.attempt = done.value ->> 'attempt'
      AND step.status = 'running' AND execution.lease_owner = done.value ->> 'owner'
    RETURNING ${attemptKeySql}`,
};

export const beginStep: Kind<BeginStep> = {
  kind: "begin_step",
  key: attemptKey,
  sql: `INSERT INTO workflow_step_executions
      (execution_id, step_name, step_index, item, attempt, status, started_at)
    SELECT value ->> 'executionId', value ->> 'name', value ->> 'index', value ->> 'item',
      value ->> 'attempt', 'running', value ->> 'atMs'
    FROM json_each(?1) AS step
    ${underLease}
    RETURNING ${attemptKeySql}`,
};

export const settleStep: Kind<SettleStep> = {
  kind: "settle_step",
  key: attemptKey,
  sql: `INSERT INTO workflow_step_executions
      (execution_id, step_name, step_index, item, attempt, status, started_at, completed_at,
       result, error_code, error_message)
    SELECT value ->> 'executionId', value ->> 'name', value ->> 'index', value ->> 'item',
      value ->> 'attempt', value ->> 'status', value ->> 'atMs', value ->> 'atMs',
      value ->> 'result', value ->> '$.error.code', value ->> '$.error.message'
    FROM json_each(?1) AS step
    ${underLease}
    RETURNING ${attemptKeySql}`,
};
