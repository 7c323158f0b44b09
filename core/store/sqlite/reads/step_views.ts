/** SQL of steps for display. */

import type { StepStatus } from "../../../statuses.ts";
import type { AttemptRow, ItemsRow, StepViewReads } from "../../reads/step_views.ts";
import { jsonRows, numberOrNull, readJsonRows, textOrNull } from "../columns.ts";
import { unpack } from "../payloads.ts";
import type { ReadRow } from "../reading.ts";
import type { SqlReads } from "../sql_reads.ts";
import { toError } from "./executions.ts";

/** The number of the step named `?2` in the execution `?1`. */
const indexSql = `(SELECT step_index FROM workflow_step_executions
  WHERE execution_id = ?1 AND step_name = ?2 LIMIT 1)`;

/** Results up to this size are shown with their step. */
const shownBytesMax = 2 ** 20;

const attemptSql = `SELECT step_name, step_index, item, attempt, status, started_at, completed_at,
    result, size_bytes, iif(item = -1 AND size_bytes <= ${shownBytesMax}, body, NULL) AS body,
    error_code, error_message
  FROM workflow_step_executions AS step LEFT JOIN payloads ON payload_id = result_ref`;

export const stepViewReads: SqlReads<keyof StepViewReads> = {
  step_views: async ({ quick }, { id }) => {
    const [row] = await quick(viewsSql, [id]);
    const steps = await Promise.all(readJsonRows(row?.steps).map(toAttempt));
    // Preparing this statement costs as much as all the others, and few executions have items.
    const items = row?.has_items === 1 ? await quick(itemsSql, [id]) : [];
    return { steps, items: items.map(toItems) };
  },
  item_views: async ({ quick }, { id, step, fromItem, limit }) => {
    const rows = await quick(itemPageSql, [id, step, fromItem, limit]);
    return await Promise.all(rows.map(toAttempt));
  },
  step_result: async ({ quick }, { id, step, item }) => {
    const [row] = await quick(
      `SELECT result, body FROM workflow_step_executions AS step
         LEFT JOIN payloads ON payload_id = result_ref
       WHERE step.execution_id = ?1 AND step_index = ${indexSql} AND item = ?3
         AND status = 'completed'
       ORDER BY attempt DESC LIMIT 1`,
      [id, step, item],
    );
    if (!row) return undefined;
    return row.body === null ? String(row.result) : await unpack(String(row.body));
  },
};

const stepsSql = `${attemptSql} WHERE step.execution_id = ?1 AND item = -1 AND attempt = (
    SELECT max(attempt) FROM workflow_step_executions AS later
    WHERE later.execution_id = ?1 AND later.step_index = step.step_index AND later.item = -1)
  ORDER BY step_index`;

// Next to max() or min(), SQLite takes the other columns from the same row.
const itemsSql = `WITH latest AS (
    SELECT step_name, step_index, item, max(attempt), status, started_at, completed_at,
      error_code, error_message
    FROM workflow_step_executions
    WHERE execution_id = ?1 AND item >= 0 AND superseded = 0 GROUP BY step_index, item
  )
  SELECT step_name, step_index, count(*) AS begun,
    count(*) FILTER (WHERE status = 'completed') AS completed,
    count(*) FILTER (WHERE status = 'failed') AS failed,
    count(*) FILTER (WHERE status = 'cancelled') AS cancelled,
    count(*) FILTER (WHERE status = 'running') AS running,
    (SELECT min(started_at) FROM latest AS one WHERE one.step_index = latest.step_index)
      AS started_at,
    (SELECT max(completed_at) FROM latest AS one WHERE one.step_index = latest.step_index)
      AS completed_at,
    min(iif(error_code IS NULL, NULL, item)), error_code, error_message
  FROM latest GROUP BY step_index ORDER BY step_index`;

const attemptColumns = [
  "step_name",
  "step_index",
  "item",
  "attempt",
  "status",
  "started_at",
  "completed_at",
  "result",
  "size_bytes",
  "body",
  "error_code",
  "error_message",
];
const viewsSql = `SELECT ${jsonRows(attemptColumns, stepsSql)} AS steps,
  EXISTS (SELECT 1 FROM workflow_step_executions WHERE execution_id = ?1 AND item >= 0)
    AS has_items`;

const itemPageSql = `WITH latest AS (
    SELECT item, max(attempt) AS attempt FROM workflow_step_executions
    WHERE execution_id = ?1 AND step_index = ${indexSql} AND item >= ?3 AND superseded = 0
    GROUP BY item ORDER BY item LIMIT ?4
  )
  ${attemptSql} JOIN latest USING (item, attempt)
  WHERE step.execution_id = ?1 AND step_index = ${indexSql} ORDER BY item`;

async function toAttempt(row: ReadRow): Promise<AttemptRow> {
  const isPacked = row.body !== null;
  return {
    name: String(row.step_name),
    index: Number(row.step_index),
    item: Number(row.item),
    attempt: Number(row.attempt),
    status: String(row.status) as StepStatus,
    startedAtMs: Number(row.started_at),
    completedAtMs: numberOrNull(row.completed_at),
    result: isPacked ? await unpack(String(row.body)) : textOrNull(row.result),
    resultBytes: isPacked ? null : numberOrNull(row.size_bytes),
    error: toError(row),
  };
}

function toItems(row: ReadRow): ItemsRow {
  return {
    name: String(row.step_name),
    index: Number(row.step_index),
    begun: Number(row.begun),
    completed: Number(row.completed),
    failed: Number(row.failed),
    cancelled: Number(row.cancelled),
    running: Number(row.running),
    startedAtMs: Number(row.started_at),
    completedAtMs: numberOrNull(row.completed_at),
    error: toError(row),
  };
}
