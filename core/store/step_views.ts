/** Steps of an execution as people look at them: summed up, however many items they have. */

import type { ExecutionId } from "../ids.ts";
import type { Database, Row } from "./sqlite/database.ts";
import { type ErrorRow, type StepRow, textOrNull, toError } from "./executions.ts";
import { unpack } from "./payloads.ts";
import type { StepStatus } from "../statuses.ts";

/** An attempt of a step, or of one of its items; its result is null where it is too large. */
export interface AttemptView extends Omit<StepRow, "executionId" | "isSuperseded"> {
  /** Of a result that is too large to be shown beside others, else null. */
  readonly resultBytes: number | null;
}

/** The items of a step with `for_each`, each at its latest attempt. */
export interface ItemsView {
  readonly name: string;
  readonly index: number;
  readonly begun: number;
  readonly completed: number;
  readonly failed: number;
  readonly cancelled: number;
  readonly running: number;
  readonly startedAtMs: number;
  readonly completedAtMs: number | null;
  /** Of the first item that failed. */
  readonly error: ErrorRow | null;
}

/** The number of the step named `?2` in the execution `?1`. */
const indexSql = `(SELECT step_index FROM workflow_step_executions
  WHERE execution_id = ?1 AND step_name = ?2 LIMIT 1)`;

/** Bytes of a result that is still shown with its step. */
const shownBytesMax = 2 ** 20;

const attemptSql = `SELECT step_name, step_index, item, attempt, status, started_at, completed_at,
    result, size_bytes, iif(item = -1 AND size_bytes <= ${shownBytesMax}, body, NULL) AS body,
    error_code, error_message
  FROM workflow_step_executions AS step LEFT JOIN payloads ON payload_id = result_ref`;

/** The latest attempts of the steps, those of items apart, each in the order of steps. */
export async function stepViews(
  database: Database,
  id: ExecutionId,
): Promise<{ readonly steps: readonly AttemptView[]; readonly items: readonly ItemsView[] }> {
  const steps = await database.read(
    `${attemptSql} WHERE step.execution_id = ?1 AND item = -1 AND attempt = (
       SELECT max(attempt) FROM workflow_step_executions AS later
       WHERE later.execution_id = ?1 AND later.step_index = step.step_index AND later.item = -1)
     ORDER BY step_index`,
    [id],
  );
  // Beside a max() or min(), SQLite's other columns are those of its row.
  const items = await database.read(
    `WITH latest AS (
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
     FROM latest GROUP BY step_index ORDER BY step_index`,
    [id],
  );
  return { steps: await Promise.all(steps.map(toAttempt)), items: items.map(toItems) };
}

/** The items of a step from `fromItem` on, each at its latest attempt. */
export async function itemViews(
  database: Database,
  { id, step, fromItem, limit }: {
    readonly id: ExecutionId;
    readonly step: string;
    readonly fromItem: number;
    readonly limit: number;
  },
): Promise<readonly AttemptView[]> {
  const rows = await database.read(
    `WITH latest AS (
       SELECT item, max(attempt) AS attempt FROM workflow_step_executions
       WHERE execution_id = ?1 AND step_index = ${indexSql} AND item >= ?3 AND superseded = 0
       GROUP BY item ORDER BY item LIMIT ?4
     )
     ${attemptSql} JOIN latest USING (item, attempt)
     WHERE step.execution_id = ?1 AND step_index = ${indexSql} ORDER BY item`,
    [id, step, fromItem, limit],
  );
  return await Promise.all(rows.map(toAttempt));
}

/** The result of a step, or of one of its items, whole: JSON; undefined where there is none. */
export async function stepResult(
  database: Database,
  { id, step, item }: { readonly id: ExecutionId; readonly step: string; readonly item: number },
): Promise<string | undefined> {
  const [row] = await database.read(
    `SELECT result, body FROM workflow_step_executions AS step
       LEFT JOIN payloads ON payload_id = result_ref
     WHERE step.execution_id = ?1 AND step_index = ${indexSql} AND item = ?3
       AND status = 'completed'
     ORDER BY attempt DESC LIMIT 1`,
    [id, step, item],
  );
  if (!row) return undefined;
  return row.body === null ? String(row.result) : await unpack(String(row.body));
}

async function toAttempt(row: Row): Promise<AttemptView> {
  const isPacked = row.body !== null;
  return {
    name: String(row.step_name),
    index: Number(row.step_index),
    item: Number(row.item),
    attempt: Number(row.attempt),
    status: String(row.status) as StepStatus,
    startedAtMs: Number(row.started_at),
    completedAtMs: row.completed_at === null ? null : Number(row.completed_at),
    result: isPacked ? await unpack(String(row.body)) : textOrNull(row.result),
    resultBytes: isPacked || row.size_bytes === null ? null : Number(row.size_bytes),
    error: toError(row),
  };
}

function toItems(row: Row): ItemsView {
  return {
    name: String(row.step_name),
    index: Number(row.step_index),
    begun: Number(row.begun),
    completed: Number(row.completed),
    failed: Number(row.failed),
    cancelled: Number(row.cancelled),
    running: Number(row.running),
    startedAtMs: Number(row.started_at),
    completedAtMs: row.completed_at === null ? null : Number(row.completed_at),
    error: toError(row),
  };
}
