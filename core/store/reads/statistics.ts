/**
 * What a workflow's executions add up to. Durations are those of what completed or failed;
 * percentiles are by nearest rank: the smallest duration that at least so many percent do not
 * exceed.
 */

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
  /** Percent of the completed and failed ones; null while there are none. */
  readonly successRate: number | null;
}

export interface Statistics extends Durations {
  readonly totalExecutions: number;
  readonly successful: number;
  readonly failed: number;
  readonly cancelled: number;
  /** Percent of the completed and failed ones; null while there are none. */
  readonly successRate: number | null;
  readonly lastExecutionAtMs: number | null;
  /** In the order of the workflow; of the newest executions. */
  readonly steps: readonly StepStatistics[];
}

export interface StatisticsReads {
  statistics(ask: { workflowName: string }): Statistics;
}
