/** Executions for people: what came of one, and the latest in a table. */

import type { ExecutionStatus, ExecutionView, StepStatus, StepView } from "../http/api.ts";
import type { ExecutionsAnswer } from "./client.ts";
import { cross, type Look, paint, tick, type Tone } from "./look.ts";
import { summarize } from "./summary.ts";
import { table } from "./table.ts";
import { agoText, secondsText } from "./units.ts";

const statusTones = {
  pending: "dim",
  running: "cyan",
  waiting: "yellow",
  paused: "yellow",
  completed: "green",
  failed: "red",
  cancelled: "yellow",
  skipped: "dim",
} as const satisfies Record<ExecutionStatus | StepStatus, Tone>;

/** An ended execution: how it went, its id, and each step's result. */
export function showOutcome(execution: ExecutionView, look: Look): string {
  const { workflow, status, error, steps = [] } = execution;
  const headline = status === "completed"
    ? `${tick(look)} Workflow '${workflow}' completed successfully`
    : `${cross(look)} Workflow '${workflow}' ${status}${error ? `: ${error.message}` : ""}`;
  return [
    headline,
    `Execution ID: ${execution.execution_id}`,
    "",
    "Results:",
    ...steps.flatMap((step) => stepLines(step, look)),
  ].join("\n");
}

/** An execution that was started and not followed. */
export function showStarted({ workflow, execution_id: id }: ExecutionView, look: Look): string {
  return [
    `${tick(look)} Workflow '${workflow}' started`,
    `Execution ID: ${id}`,
    `See how it goes: ${look.program} workflow history ${workflow}`,
  ].join("\n");
}

/** A row for each execution, newest first. */
export function showHistory({ executions }: ExecutionsAnswer, look: Look): string {
  if (executions.length === 0) return "There are no executions yet.";
  const rows = executions.map((execution) => [
    execution.execution_id,
    execution.workflow,
    { text: execution.status, tone: statusTones[execution.status] },
    agoText(execution.started_at, look.nowMs),
    secondsText(execution.duration_seconds),
    execution.error?.message ?? "",
  ]);
  const titles = ["Execution ID", "Workflow", "Status", "Started", "Duration", "Error"];
  const hasErrors = executions.some(({ error }) => error);
  if (hasErrors) return table(titles, rows, look);
  return table(titles.slice(0, -1), rows.map((row) => row.slice(0, -1)), look);
}

function stepLines(step: StepView, look: Look): string[] {
  const title = `  Step ${step.index + 1}: ${step.name}`;
  const indent = " ".repeat(4);
  const below = `\n${indent}  `;
  if (step.status === "completed") {
    const { headline, lines } = summarize(step.result);
    return [title, `${indent}${tick(look)} ${headline}`, ...lines.map((line) => indent + line)];
  }
  if (step.error) {
    return [title, `${indent}${cross(look)} ${step.error.message.replaceAll("\n", below)}`];
  }
  return [title, indent + paint(step.status, statusTones[step.status], look)];
}
