/** A workflow's statistics as the API shows them. */

import type { Durations, Statistics, StepStatistics } from "../../store/reads/statistics.ts";
import type { DurationsView, StatisticsView, StepStatisticsView } from "../api.ts";

export function statisticsView(workflow: string, found: Statistics): StatisticsView {
  const { lastExecutionAtMs } = found;
  return {
    workflow,
    total_executions: found.totalExecutions,
    successful: found.successful,
    failed: found.failed,
    cancelled: found.cancelled,
    success_rate: found.successRate,
    ...durationsView(found),
    last_execution: lastExecutionAtMs === null ? null : new Date(lastExecutionAtMs).toISOString(),
    steps: found.steps.map(stepView),
  };
}

function stepView(found: StepStatistics): StepStatisticsView {
  return {
    step: found.step,
    attempts: found.attempts,
    completed: found.completed,
    failed: found.failed,
    success_rate: found.successRate,
    ...durationsView(found),
  };
}

function durationsView({ avgMs, p50Ms, p95Ms, p99Ms }: Durations): DurationsView {
  return {
    avg_duration_seconds: seconds(avgMs),
    p50_duration_seconds: seconds(p50Ms),
    p95_duration_seconds: seconds(p95Ms),
    p99_duration_seconds: seconds(p99Ms),
  };
}

function seconds(ms: number | null): number | null {
  return ms === null ? null : ms / 1_000;
}
