/** What a workflow's executions add up to. */

import type { Database } from "./database.ts";

export interface Statistics {
  readonly totalExecutions: number;
  readonly successful: number;
  readonly failed: number;
  /** Percent of the completed and failed ones; null while there is none. */
  readonly successRate: number | null;
  /** From start to end of the completed and failed ones. */
  readonly avgDurationMs: number | null;
  readonly lastExecutionAtMs: number | null;
}

export async function statistics(database: Database, workflowName: string): Promise<Statistics> {
  const [row] = await database.read(
    `SELECT count(*) AS total,
       count(*) FILTER (WHERE status = 'completed') AS successful,
       count(*) FILTER (WHERE status = 'failed') AS failed,
       avg(completed_at - started_at) FILTER (WHERE status IN ('completed', 'failed')) AS avg_ms,
       max(created_at) AS last
     FROM workflow_executions WHERE workflow_name = ?`,
    [workflowName],
  );
  const successful = Number(row?.successful ?? 0);
  const failed = Number(row?.failed ?? 0);
  const finished = successful + failed;
  return {
    totalExecutions: Number(row?.total ?? 0),
    successful,
    failed,
    successRate: finished === 0 ? null : (100 * successful) / finished,
    avgDurationMs: orNull(row?.avg_ms),
    lastExecutionAtMs: orNull(row?.last),
  };
}

function orNull(value: unknown): number | null {
  return value === null || value === undefined ? null : Number(value);
}
