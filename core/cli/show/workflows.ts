/** Workflows for people: the list with the problems of files, and the statistics of one. */

import type { StatisticsView, StepStatisticsView } from "../../http/api.ts";
import type { WorkflowsAnswer } from "../ask/client.ts";
import type { Look } from "./look.ts";
import { showProblem } from "./problems.ts";
import { type Cell, table } from "./table.ts";
import { agoText, secondsText } from "./units.ts";

/** One row per workflow, then the problems of their files. */
export function showWorkflows({ workflows, problems }: WorkflowsAnswer, look: Look): string {
  const rows = workflows.map(({ name, steps, schedule, enabled, description }) => [
    name,
    String(steps.length),
    schedule ?? "-",
    enabled ? { text: "yes", tone: "green" as const } : { text: "no", tone: "dim" as const },
    description,
  ]);
  const titles = ["Workflow", "Steps", "Schedule", "Enabled", "Description"];
  const list = rows.length > 0
    ? table(titles, rows, look)
    : "There are no workflows; add a file to the daemon's workflows folder.";
  const mistakes = problems.map((problem) => showProblem(problem, look));
  return [list, ...mistakes].join("\n");
}

/** The table of totals, then one of durations if any execution has ended. */
export function showStatistics(statistics: StatisticsView, look: Look): string {
  const { success_rate: rate, failed, cancelled } = statistics;
  const totals = table(["Metric", "Value"], [
    ["Total Executions", String(statistics.total_executions)],
    ["Successful", String(statistics.successful)],
    ["Failed", failed > 0 ? { text: String(failed), tone: "red" } : "0"],
    ...(cancelled > 0 ? [["Cancelled", String(cancelled)]] : []),
    ["Success Rate", rate === null ? "-" : `${rate.toFixed(1)}%`],
    ["Avg Duration", secondsText(statistics.avg_duration_seconds)],
    ["Last Run", agoText(statistics.last_execution, look.nowMs)],
  ], look);
  if (statistics.p50_duration_seconds === null) return totals;
  const whole = { ...statistics, step: "(all)", attempts: statistics.total_executions };
  const titles = ["Step", "Attempts", "Failed", "Avg", "p50", "p95", "p99"];
  return `${totals}\n\n${table(titles, [whole, ...statistics.steps].map(durationRow), look)}`;
}

function durationRow(
  { step, attempts, failed, ...durations }: Omit<StepStatisticsView, "completed">,
): readonly (string | Cell)[] {
  return [
    step,
    String(attempts),
    failed > 0 ? { text: String(failed), tone: "red" } : "0",
    secondsText(durations.avg_duration_seconds),
    secondsText(durations.p50_duration_seconds),
    secondsText(durations.p95_duration_seconds),
    secondsText(durations.p99_duration_seconds),
  ];
}
