/** SQL for reads of schedules and their firings. */

import type { ExecutionId } from "../../../ids.ts";
import type { FiringCause, FiringStatus } from "../../../statuses.ts";
import type { FiringRow, ScheduleReads, ScheduleRow } from "../../reads/schedules.ts";
import { numberOrNull, textOrNull } from "../columns.ts";
import type { ReadRow } from "../reading.ts";
import type { SqlReads } from "../sql_reads.ts";

const firingColumns = "firings.schedule_id, due_at, status, cause, execution_id, reason, fired_at";

export const scheduleReads: SqlReads<keyof ScheduleReads> = {
  schedules: async ({ quick }) => {
    const rows = await quick(
      `SELECT schedule_id, workflow_name, paused, active, max(anchored_at, coalesce((
         SELECT due_at FROM firings WHERE firings.schedule_id = schedules.schedule_id
           AND cause = 'rule' ORDER BY due_at DESC LIMIT 1), 0)) AS decided_until
       FROM schedules`,
    );
    return rows.map(toSchedule);
  },
  busy_schedules: async ({ quick }, { ids }) => {
    const rows = await quick(
      `SELECT value AS schedule_id FROM json_each(?1) WHERE ${hasOpen("value")}`,
      [JSON.stringify(ids)],
    );
    return rows.map(({ schedule_id }) => String(schedule_id));
  },
  due_counts: async ({ quick }) => {
    const rows = await quick(
      "SELECT schedule_id, count(*) AS count FROM firings WHERE status = 'due' GROUP BY 1",
    );
    return new Map(rows.map((row) => [String(row.schedule_id), Number(row.count)]));
  },
  startable_firings: async ({ quick }, { limit }) => {
    const rows = await quick(
      `SELECT ${firingColumns}, min(due_at) FROM firings JOIN schedules USING (schedule_id)
       WHERE status = 'due' AND paused = 0 AND NOT ${hasOpen("firings.schedule_id")}
       GROUP BY firings.schedule_id ORDER BY due_at LIMIT ?`,
      [limit],
    );
    return rows.map(toFiring);
  },
  firings: async ({ quick }, { scheduleId, limit }) => {
    const rows = await quick(
      `SELECT ${firingColumns} FROM firings WHERE schedule_id = ? ORDER BY due_at DESC LIMIT ?`,
      [scheduleId, limit],
    );
    return rows.map(toFiring);
  },
  forgettable_firings: async ({ quick }, { beforeMs, limit }) => {
    const rows = await quick(forgettableSql, [beforeMs, limit]);
    return rows.map(({ schedule_id, due_at }) => (
      { scheduleId: String(schedule_id), dueAtMs: Number(due_at) }
    ));
  },
};

const forgettableSql = `SELECT old.schedule_id, old.due_at
  FROM (SELECT schedule_id, (SELECT max(due_at) FROM firings
      WHERE firings.schedule_id = schedules.schedule_id AND cause = 'rule') AS latest_at
    FROM schedules) AS kept
  JOIN firings AS old ON old.schedule_id = kept.schedule_id
    AND old.due_at < ?1 AND old.due_at IS NOT latest_at
  WHERE old.status <> 'due' LIMIT ?2`;

function hasOpen(scheduleId: string): string {
  return `EXISTS (SELECT 1 FROM workflow_executions AS execution
    WHERE execution.schedule_id = ${scheduleId} AND execution.completed_at IS NULL)`;
}

function toSchedule(row: ReadRow): ScheduleRow {
  return {
    id: String(row.schedule_id),
    workflowName: String(row.workflow_name),
    paused: row.paused === 1,
    active: row.active === 1,
    decidedUntilMs: Number(row.decided_until),
  };
}

function toFiring(row: ReadRow): FiringRow {
  return {
    scheduleId: String(row.schedule_id),
    dueAtMs: Number(row.due_at),
    status: String(row.status) as FiringStatus,
    cause: String(row.cause) as FiringCause,
    executionId: textOrNull(row.execution_id) as ExecutionId | null,
    reason: textOrNull(row.reason),
    firedAtMs: numberOrNull(row.fired_at),
  };
}
