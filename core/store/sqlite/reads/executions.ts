/** SQL for reads of executions and their attempts. */

import type { ErrorCode } from "../../../errors.ts";
import type { ExecutionId } from "../../../ids.ts";
import type { ExecutionStatus, StepStatus } from "../../../statuses.ts";
import type { StoredError } from "../../operations/executions.ts";
import type { ExecutionReads, ExecutionRow, StepRow } from "../../reads/executions.ts";
import { jsonRows, numberOrNull, readJsonRows, textOrNull } from "../columns.ts";
import { unpack } from "../payloads.ts";
import type { ReadRow } from "../reading.ts";
import type { SqlReads } from "../sql_reads.ts";

/** The columns that {@link toExecution} reads. */
const executionColumnNames = [
  "execution_id",
  "workflow_name",
  "definition_id",
  "status",
  "wanted",
  "input_params",
  "result",
  "error_code",
  "error_message",
  "created_at",
  "started_at",
  "completed_at",
  "rerun_of",
  "as_of",
];
const executionColumns = executionColumnNames.join(", ");

/** This many payload bytes count as one row: the page size of SQLite. */
const pageBytes = 4_096;

const executionSql = `SELECT ${
  jsonRows(
    executionColumnNames,
    `SELECT ${executionColumns} FROM workflow_executions WHERE execution_id = ?`,
  )
} AS rows`;

export const executionReads: SqlReads<keyof ExecutionReads> = {
  execution: async ({ quick }, { id }) => {
    const [found] = await quick(executionSql, [id]);
    const [row] = readJsonRows(found?.rows);
    return row && toExecution(row);
  },
  execution_by_key: async ({ quick }, { workflowName, key }) => {
    const [row] = await quick(
      `SELECT ${executionColumns} FROM workflow_executions
       WHERE workflow_name = ? AND idempotency_key = ?`,
      [workflowName, key],
    );
    return row && toExecution(row);
  },
  executions: async ({ quick, long }, { workflowName, status, before, limit }) => {
    const wanted = [
      ["workflow_name = ?", workflowName],
      ["status = ?", status],
      ["execution_id < ?", before],
    ].filter(([, value]) => value !== undefined);
    const where = wanted.map(([condition]) => condition).join(" AND ") || "true";
    // Executions with a rare status may be far back.
    const read = status === undefined ? quick : long;
    const rows = await read(
      `SELECT ${executionColumns} FROM workflow_executions WHERE ${where}
       ORDER BY execution_id DESC LIMIT ?`,
      [...wanted.map(([, value]) => value ?? null), limit],
    );
    return rows.map(toExecution);
  },
  steps: async ({ quick }, { id, resultsOf }) => {
    const isRead = resultsOf && "AND step_index IN (SELECT value FROM json_each(?2))";
    const rows = await quick(
      stepsSql(isRead ?? ""),
      resultsOf ? [id, JSON.stringify(resultsOf)] : [id],
    );
    return await Promise.all(rows.map(toStep));
  },
  definition_text: async ({ quick }, { definitionId }) => {
    const sql = "SELECT text FROM workflow_definitions WHERE definition_id = ?";
    const [row] = await quick(sql, [definitionId]);
    return row && String(row.text);
  },
  lost_leases: async ({ quick }, { ids, owner }) => {
    const rows = await quick(
      `SELECT execution_id FROM workflow_executions
       WHERE execution_id IN (SELECT value FROM json_each(?1))
         AND status <> 'pending' AND lease_owner IS NOT ?2`,
      [JSON.stringify(ids), owner],
    );
    return rows.map(toId);
  },
  forgettable_executions: async ({ quick }, { beforeMs, limit, rowsMax }) => {
    const rows = await quick(forgettableSql, [beforeMs, limit, rowsMax]);
    return rows.map(toId);
  },
};

function stepsSql(isRead: string): string {
  return `SELECT step.execution_id, step_name, step_index, item, attempt, status, started_at,
      completed_at, iif(superseded = 0 ${isRead}, result, NULL) AS result, body, error_code,
      error_message, superseded
    FROM workflow_step_executions AS step
      LEFT JOIN payloads ON payload_id = result_ref AND superseded = 0 ${isRead}
    WHERE step.execution_id = ?1
    ORDER BY step_index, item, attempt`;
}

const forgettableSql = `WITH oldest AS MATERIALIZED (
    SELECT execution_id, completed_at FROM workflow_executions
    WHERE completed_at IS NOT NULL AND completed_at < ?1 ORDER BY completed_at LIMIT ?2
  ),
  weighed AS MATERIALIZED (
    SELECT execution_id, completed_at,
      (SELECT count(*) FROM workflow_step_executions AS step
        WHERE step.execution_id = oldest.execution_id)
      + (SELECT coalesce(sum(size_bytes), 0) / ${pageBytes} FROM payloads AS payload
        WHERE payload.execution_id = oldest.execution_id) AS weight
    FROM oldest
  ),
  summed AS (
    SELECT execution_id,
      sum(weight) OVER (ORDER BY completed_at, execution_id) - weight AS weight_before
    FROM weighed
  )
  SELECT execution_id FROM summed WHERE weight_before < ?3`;

function toId(row: ReadRow): ExecutionId {
  return String(row.execution_id) as ExecutionId;
}

function toExecution(row: ReadRow): ExecutionRow {
  return {
    executionId: toId(row),
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

async function toStep(row: ReadRow): Promise<StepRow> {
  const body = textOrNull(row.body);
  return {
    executionId: toId(row),
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

/** The error of a row, if it has one. */
export function toError(row: ReadRow): StoredError | null {
  if (row.error_code === null || row.error_code === undefined) return null;
  return { code: String(row.error_code) as ErrorCode, message: String(row.error_message) };
}
