/**
 * The queue of executions is the table itself. Executions that have begun and may continue come
 * first: their lease has expired or their wait is over.
 * Pending executions are taken by priority. Within a priority, workflows take turns: the one with
 * the fewest running executions first, then the one served longest ago. So no workflow with many
 * executions can starve another.
 */

import type { ExecutionId } from "../../../ids.ts";
import type { ClaimableRow } from "../../reads/executions.ts";
import type { Lane, QueueReads } from "../../reads/queue.ts";
import { numberOrNull, textOrNull } from "../columns.ts";
import type { ReadRow } from "../reading.ts";
import type { SqlReads } from "../sql_reads.ts";

/** The most workflows that take turns; beyond this, the first by name. */
const lanesMax = 1_000;

const waits = "completed_at IS NULL AND status = 'pending'";

/** Counts the executions with the concurrency key of `next` that have begun and not ended. */
const runningOfKey = `SELECT count(*) FROM workflow_executions AS other
  WHERE other.completed_at IS NULL AND other.concurrency_key = next.concurrency_key
    AND other.started_at IS NOT NULL`;

function columns(table: string): string {
  return [
    "execution_id",
    "workflow_name",
    "definition_id",
    "status",
    "input_params",
    "created_at",
    "as_of",
    "concurrency_key",
    "schedule_id",
    "due_at",
  ].map((column) => `${table}.${column}`).join(", ");
}

/**
 * Reads the next executions to claim. `?1` is the instant to compare leases with, `?2` the limit;
 * `?3` holds a number for each served workflow, higher for later. It steps from lane to lane in the
 * index, so it reads only the oldest `?2` rows of each.
 */
const claimableSql = `
  WITH RECURSIVE lanes (head, priority, workflow_name) AS (
    SELECT * FROM (
      SELECT execution_id, priority, workflow_name FROM workflow_executions
      WHERE ${waits} ORDER BY priority DESC, workflow_name, execution_id LIMIT 1)
    UNION ALL
    SELECT next.execution_id, next.priority, next.workflow_name
    FROM lanes JOIN workflow_executions AS next ON next.execution_id = coalesce(
      (SELECT execution_id FROM workflow_executions
       WHERE ${waits} AND priority = lanes.priority AND workflow_name > lanes.workflow_name
       ORDER BY workflow_name, execution_id LIMIT 1),
      (SELECT execution_id FROM workflow_executions
       WHERE ${waits} AND priority < lanes.priority
       ORDER BY priority DESC, workflow_name, execution_id LIMIT 1))
    LIMIT ${lanesMax}
  ),
  turns (priority, workflow_name, served) AS (
    SELECT priority, workflow_name, coalesce(?3 ->> workflow_name, 0) FROM lanes
  ),
  running (workflow_name, count) AS (
    SELECT workflow_name, count(*) FROM workflow_executions
    WHERE completed_at IS NULL AND status = 'running' GROUP BY workflow_name
  )
  SELECT ${columns("began")} FROM workflow_executions AS began
  WHERE completed_at IS NULL AND status = 'running' AND coalesce(lease_expires_at, 0) <= ?1
  UNION ALL
  SELECT ${columns("began")} FROM workflow_executions AS began
  WHERE completed_at IS NULL AND status = 'waiting' AND wake_at <= ?1
  UNION ALL
  SELECT * FROM (
    SELECT ${columns("waiting")}
    FROM turns JOIN workflow_executions AS waiting ON waiting.execution_id IN (
      SELECT execution_id FROM workflow_executions AS next
      WHERE ${waits} AND priority = turns.priority AND workflow_name = turns.workflow_name
        AND (concurrency_key IS NULL OR concurrency_max > (${runningOfKey}))
      ORDER BY execution_id LIMIT ?2)
    LEFT JOIN running ON running.workflow_name = waiting.workflow_name
    ORDER BY waiting.priority DESC,
      coalesce(running.count, 0) + row_number() OVER (
        PARTITION BY waiting.priority, waiting.workflow_name ORDER BY execution_id),
      turns.served, execution_id
    LIMIT ?2)
  LIMIT ?2`;

export const queueReads: SqlReads<keyof QueueReads> = {
  claimable: async ({ quick }, { nowMs, limit, served = {} }) => {
    const rows = await quick(claimableSql, [nowMs, limit, JSON.stringify(served)]);
    return rows.map(toClaimable);
  },
  pending_count: async ({ quick }) => {
    const [row] = await quick(`SELECT count(*) AS count FROM workflow_executions WHERE ${waits}`);
    return Number(row?.count ?? 0);
  },
  queue_lanes: async ({ quick }) => {
    const rows = await quick(
      `SELECT workflow_name, priority, count(*) AS count, min(created_at) AS oldest_at
       FROM workflow_executions WHERE ${waits} GROUP BY priority, workflow_name
       ORDER BY priority DESC, oldest_at`,
    );
    return rows.map(toLane);
  },
  open_counts: async ({ quick }) => {
    const rows = await quick(
      `SELECT status, count(*) AS count FROM workflow_executions
       WHERE completed_at IS NULL GROUP BY status`,
    );
    const counts = new Map(rows.map(({ status, count }) => [String(status), Number(count)]));
    return {
      pending: counts.get("pending") ?? 0,
      running: counts.get("running") ?? 0,
      waiting: counts.get("waiting") ?? 0,
      paused: counts.get("paused") ?? 0,
    };
  },
};

function toClaimable(row: ReadRow): ClaimableRow {
  return {
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
  };
}

function toLane(row: ReadRow): Lane {
  return {
    workflowName: String(row.workflow_name),
    priority: Number(row.priority),
    count: Number(row.count),
    oldestAtMs: Number(row.oldest_at),
  };
}
