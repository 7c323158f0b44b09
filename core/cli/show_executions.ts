/** Executions for people: what came of one, and the latest in a table. */

import type {
  ExecutionsAnswer,
  ExecutionStatus,
  ExecutionView,
  StepStatus,
  StepView,
} from "../http/api.ts";
import { cross, type Look, paint, tick, type Tone } from "./look.ts";
import { summarize } from "./summary.ts";
import { table } from "./table.ts";
import { agoText, countText, megabytesText, secondsText } from "./units.ts";
import { wrapText } from "./width.ts";

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
  // What a step failed with stands at the step.
  const isToldBelow = steps.some((step) => step.error);
  const headline = status === "completed"
    ? `${tick(look)} Workflow '${workflow}' completed successfully`
    : `${cross(look)} Workflow '${workflow}' ${status}`;
  const given = Object.keys(execution.outputs ?? {}).length > 0
    ? ["", "Outputs:", ...summarize(execution.outputs).lines.map((line) => `  ${line}`)]
    : [];
  return [
    headline,
    ...(error && !isToldBelow ? wrapText(error.message, look.columns) : []),
    `Execution ID: ${execution.execution_id}`,
    "",
    "Results:",
    ...steps.flatMap((step) => stepLines(step, look)),
    ...given,
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

/** An execution of which something was asked. */
export function showSteered(
  { workflow, execution_id: id, status }: ExecutionView,
  look: Look,
): string {
  return `${tick(look)} Execution ${id} of '${workflow}' is ${
    paint(status, statusTones[status], look)
  }`;
}

/** A row for each execution, newest first, and below what some failed with. */
export function showHistory(
  { executions, next_cursor: cursor }: ExecutionsAnswer,
  look: Look,
): string {
  if (executions.length === 0) return "There are no executions yet.";
  const rows = executions.map((execution) => [
    execution.execution_id,
    execution.workflow,
    { text: execution.status, tone: statusTones[execution.status] },
    agoText(execution.started_at, look.nowMs),
    secondsText(execution.duration_seconds),
  ]);
  const errors = executions.flatMap(({ execution_id: id, error }) =>
    error ? [`${cross(look)} ${id}: ${error.message}`] : []
  );
  const titles = ["Execution ID", "Workflow", "Status", "Started", "Duration"];
  const more = cursor === null ? [] : [`Older ones: --cursor ${cursor}`];
  return [table(titles, rows, look), ...errors, ...more].join("\n");
}

function stepLines(step: StepView, look: Look): string[] {
  const title = `  Step ${step.index + 1}: ${step.name}`;
  const indent = " ".repeat(4);
  if (step.status === "completed") {
    const { headline, lines } = summaryOf(step);
    return [title, `${indent}${tick(look)} ${headline}`, ...lines.map((line) => indent + line)];
  }
  if (!step.error) return [title, indent + paint(step.status, statusTones[step.status], look)];
  const lines = wrapText(step.error.message, look.columns - indent.length - 2);
  return [title, ...lines.map((line, at) => `${indent}${at === 0 ? cross(look) : " "} ${line}`)];
}

function summaryOf(
  { items, result, result_bytes: bytes }: StepView,
): { readonly headline: string; readonly lines: readonly string[] } {
  if (items) return { headline: itemsText(items), lines: [] };
  if (bytes === null) return summarize(result);
  return { headline: `Success - ${megabytesText(bytes)}, too large to be shown here`, lines: [] };
}

function itemsText({ begun, completed, failed }: NonNullable<StepView["items"]>): string {
  const ill = failed > 0 ? `, ${failed} failed` : "";
  return `${completed} of ${countText(begun, "item")} completed${ill}`;
}
