/**
 * Statistics of a workflow's executions. Durations cover completed and failed executions.
 * Percentiles use the nearest rank: the smallest duration that at least that percentage of
 * durations do not exceed.
 */

/** In milliseconds; null until an execution has ended. */
export interface Durations {
  readonly avgMs: number | null;
  readonly p50Ms: number | null;
  readonly p95Ms: number | null;
  readonly p99Ms: number | null;
}

export interface StepStatistics extends Durations {
  readonly step: string;
  /** Attempts of the step and of its items, including running ones. */
  readonly attempts: number;
  readonly completed: number;
  readonly failed: number;
  /** Percent of the completed and failed ones; null if the count is zero. */
  readonly successRate: number | null;
}

export interface Statistics extends Durations {
  readonly totalExecutions: number;
  readonly successful: number;
  readonly failed: number;
  readonly cancelled: number;
  /** Percent of the completed and failed ones; null if the count is zero. */
  readonly successRate: number | null;
  readonly lastExecutionAtMs: number | null;
  /** In workflow order, over the newest executions. */
  readonly steps: readonly StepStatistics[];
}

export interface StatisticsReads {
  statistics(ask: { workflowName: string }): Statistics;
}
