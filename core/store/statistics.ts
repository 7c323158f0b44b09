/**
 * What a workflow's executions add up to. Durations are those of what completed or failed;
 * percentiles are by nearest rank: the smallest duration that at least so many percent do not
 * exceed. Read through indexes, on the reader's thread.
 */

import type { Reader, ReadRow } from "./sqlite/reader.ts";

/** Of steps, the attempts of so many of the newest executions are looked at. */
export const stepsOfExecutionsMax = 10_000;
/** And at most so many attempts: one step may have thousands of items. */
export const attemptsMax = 200_000;

/** In milliseconds; null while nothing has ended. */
export interface Durations {
  readonly avgMs: number | null;
  readonly p50Ms: number | null;
  readonly p95Ms: number | null;
  readonly p99Ms: number | null;
}

export interface StepStatistics extends Durations {
  readonly step: string;
  /** Attempts, of each item; those that still run are among them. */
  readonly attempts: number;
  readonly completed: number;
  readonly failed: number;
  /** Percent of the completed and failed ones; null while there is none. */
  readonly successRate: number | null;
}

export interface Statistics extends Durations {
  readonly totalExecutions: number;
  readonly successful: number;
  readonly failed: number;
  readonly cancelled: number;
  /** Percent of the completed and failed ones; null while there is none. */
  readonly successRate: number | null;
  readonly lastExecutionAtMs: number | null;
  /** In the order of the workflow; of the newest executions. */
  readonly steps: readonly StepStatistics[];
}

const percentiles = [50, 95, 99]
  .map((percent) =>
    `min(duration_ms) FILTER (WHERE upto * 100 >= timed * ${percent}) AS p${percent}_ms`
  ).join(", ");

/** Two passes over indexes alone; the one of durations is in their order. */
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

/** @throws {AppError} `store_unavailable`, `overloaded`. */
export async function statistics(reader: Reader, workflowName: string): Promise<Statistics> {
  const [[row = {}], steps] = await Promise.all([
    reader.read(executionsSql, [workflowName]),
    reader.read(stepsSql, [workflowName]),
  ]);
  const successful = Number(row["completed"] ?? 0);
  const failed = Number(row["failed"] ?? 0);
  return {
    totalExecutions: Number(row["total"] ?? 0),
    successful,
    failed,
    cancelled: Number(row["cancelled"] ?? 0),
    successRate: rate(successful, failed),
    lastExecutionAtMs: orNull(row["last_at"]),
    ...durations(row),
    steps: steps.map(toStep),
  };
}

function toStep(row: ReadRow): StepStatistics {
  const completed = Number(row["completed"]);
  const failed = Number(row["failed"]);
  return {
    step: String(row["step_name"]),
    attempts: Number(row["attempts"]),
    completed,
    failed,
    successRate: rate(completed, failed),
    ...durations(row),
  };
}

function durations(row: ReadRow): Durations {
  return {
    avgMs: orNull(row["avg_ms"]),
    p50Ms: orNull(row["p50_ms"]),
    p95Ms: orNull(row["p95_ms"]),
    p99Ms: orNull(row["p99_ms"]),
  };
}

function rate(completed: number, failed: number): number | null {
  return completed + failed === 0 ? null : (100 * completed) / (completed + failed);
}

function orNull(value: unknown): number | null {
  return value === null || value === undefined ? null : Number(value);
}
