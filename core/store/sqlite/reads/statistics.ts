/** SQL of execution statistics: reads only indexes, on the reader's thread. */

import type { Durations, StatisticsReads, StepStatistics } from "../../reads/statistics.ts";
import { numberOrNull } from "../columns.ts";
import type { ReadRow } from "../reading.ts";
import type { SqlReads } from "../sql_reads.ts";

/** Step statistics cover the attempts of this many newest executions. */
export const stepsOfExecutionsMax = 10_000;
/** The most attempts to read, because one step may have thousands of items. */
export const attemptsMax = 200_000;

const percentiles = [50, 95, 99]
  .map((percent) =>
    `min(duration_ms) FILTER (WHERE upto * 100 >= timed * ${percent}) AS p${percent}_ms`
  ).join(", ");

/** Two passes over indexes alone; the index of durations provides their order. */
const executionsSql = `
  WITH counted AS MATERIALIZED (
    SELECT status, duration_ms, count(*) AS count FROM workflow_executions
    WHERE workflow_name = ?1 AND duration_ms IS NOT NULL GROUP BY status, duration_ms
  ),
  timed AS MATERIALIZED (
    SELECT duration_ms, sum(count) AS count FROM counted
    WHERE status IN ('completed', 'failed') GROUP BY duration_ms
  ),
  ranked AS (
    SELECT duration_ms, sum(count) OVER (ORDER BY duration_ms) AS upto,
      (SELECT sum(count) FROM timed) AS timed
    FROM timed
  )
  SELECT
    (SELECT count(*) FROM workflow_executions WHERE workflow_name = ?1) AS total,
    (SELECT sum(count) FROM counted WHERE status = 'completed') AS completed,
    (SELECT sum(count) FROM counted WHERE status = 'failed') AS failed,
    (SELECT sum(count) FROM counted WHERE status = 'cancelled') AS cancelled,
    (SELECT sum(duration_ms * count) * 1.0 / sum(count) FROM timed) AS avg_ms,
    (SELECT created_at FROM workflow_executions WHERE workflow_name = ?1
      ORDER BY execution_id DESC LIMIT 1) AS last_at,
    ${percentiles}
  FROM ranked`;

const stepsSql = `
  WITH newest AS (
    SELECT execution_id FROM workflow_executions
    WHERE workflow_name = ?1 ORDER BY execution_id DESC LIMIT ${stepsOfExecutionsMax}
  ),
  attempts AS (
    SELECT step_name, step_index, status,
      iif(status IN ('completed', 'failed'), duration_ms, NULL) AS duration_ms
    FROM newest CROSS JOIN workflow_step_executions USING (execution_id)
    WHERE status <> 'skipped'
    LIMIT ${attemptsMax}
  ),
  ranked AS (
    SELECT *, count(duration_ms) OVER (PARTITION BY step_name ORDER BY duration_ms) AS upto,
      count(duration_ms) OVER (PARTITION BY step_name) AS timed
    FROM attempts
  )
  SELECT step_name, count(*) AS attempts,
    count(*) FILTER (WHERE status = 'completed') AS completed,
    count(*) FILTER (WHERE status = 'failed') AS failed,
    avg(duration_ms) AS avg_ms, ${percentiles}
  FROM ranked GROUP BY step_name ORDER BY max(step_index), step_name`;

export const statisticsReads: SqlReads<keyof StatisticsReads> = {
  statistics: async ({ long }, { workflowName }) => {
    const [[row = {}], steps] = await Promise.all([
      long(executionsSql, [workflowName]),
      long(stepsSql, [workflowName]),
    ]);
    const successful = Number(row.completed ?? 0);
    const failed = Number(row.failed ?? 0);
    return {
      totalExecutions: Number(row.total ?? 0),
      successful,
      failed,
      cancelled: Number(row.cancelled ?? 0),
      successRate: rate(successful, failed),
      lastExecutionAtMs: numberOrNull(row.last_at),
      ...durations(row),
      steps: steps.map(toStep),
    };
  },
};

function toStep(row: ReadRow): StepStatistics {
  const completed = Number(row.completed);
  const failed = Number(row.failed);
  return {
    step: String(row.step_name),
    attempts: Number(row.attempts),
    completed,
    failed,
    successRate: rate(completed, failed),
    ...durations(row),
  };
}

function durations(row: ReadRow): Durations {
  return {
    avgMs: numberOrNull(row.avg_ms),
    p50Ms: numberOrNull(row.p50_ms),
    p95Ms: numberOrNull(row.p95_ms),
    p99Ms: numberOrNull(row.p99_ms),
  };
}

function rate(completed: number, failed: number): number | null {
  return completed + failed === 0 ? null : (100 * completed) / (completed + failed);
}
