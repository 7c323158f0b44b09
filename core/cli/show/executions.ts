/** Executions for people: one with its results, and the latest in a table. */

import type { ExecutionsAnswer, ExecutionView, StepView } from "../../http/api.ts";
import type { ExecutionVerb } from "../ask/client.ts";
import { cross, type Look, paint, tick, type Tone } from "./look.ts";
import { summarize } from "./summary.ts";
import { table } from "./table.ts";
import { agoText, countText, megabytesText, secondsText } from "./units.ts";
import { wrapText } from "./width.ts";
import { type ExecutionStatus, isFinal, type StepStatus } from "../../statuses.ts";

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

/** One execution: its status, its id, and the result of each step. */
export function showOutcome(execution: ExecutionView, look: Look): string {
  const { status, error, steps = [] } = execution;
  // A step's error is shown at the step.
  const isToldBelow = steps.some((step) => step.error);
  const isOver = isFinal(execution.status);
  const given = Object.keys(execution.outputs ?? {}).length > 0
    ? ["", "Outputs:", ...summarize(execution.outputs).lines.map((line) => `  ${line}`)]
    : [];
  return [
    headlineOf(execution, look),
    ...(error && !isToldBelow ? wrapText(error.message, look.columns) : []),
    `Execution ID: ${execution.execution_id}`,
    ...(execution.as_of === null ? [] : [`As of: ${execution.as_of}`]),
    "",
    isOver ? "Results:" : "Steps:",
    ...steps.flatMap((step) => stepLines(step, status === "completed", look)),
    ...given,
  ].join("\n");
}

function headlineOf(execution: ExecutionView, look: Look): string {
  const { workflow, status } = execution;
  if (status === "completed") return `${tick(look)} Workflow '${workflow}' completed successfully`;
  if (isFinal(execution.status)) return `${cross(look)} Workflow '${workflow}' ${status}`;
  return `Workflow '${workflow}' is ${paint(status, statusTones[status], look)}`;
}

/** An execution that was started without following it. */
export function showStarted({ workflow, execution_id: id }: ExecutionView, look: Look): string {
  return [
    `${tick(look)} Workflow '${workflow}' started`,
    `Execution ID: ${id}`,
    seeText(id, look),
  ].join("\n");
}

/** The outcome of a verb on an execution, which may take effect later. */
export function showSteered(execution: ExecutionView, verb: ExecutionVerb, look: Look): string {
  const { workflow, execution_id: id, status, rerun_of: before } = execution;
  const what = `Execution ${id} of '${workflow}'`;
  const outcomes = {
    cancel: "is being cancelled: its running steps are stopped, then its finally steps run",
    pause: "is being paused: its running steps may finish first",
    resume: "continues",
    retry: "continues from the step that failed",
    rerun: `repeats ${before}`,
  } as const satisfies Record<ExecutionVerb, string>;
  const isDone = status === "cancelled" || status === "paused";
  const line = isDone ? `is ${paint(status, statusTones[status], look)}` : outcomes[verb];
  return [
    ...wrapText(`${tick(look)} ${what} ${line}`, look.columns),
    ...(isDone ? [] : [seeText(id, look)]),
  ].join("\n");
}

function seeText(id: string, look: Look): string {
  return `See its progress: ${look.program} execution show ${id}`;
}

/** One row per execution, newest first, then the errors of those that failed. */
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

function stepLines(step: StepView, isComplete: boolean, look: Look): string[] {
  const title = `  Step ${step.index + 1}: ${step.name}`;
  const indent = " ".repeat(4);
  const status = paint(step.status, statusTones[step.status], look);
  const items = step.items && itemsText(step.items, isComplete);
  const reason = step.error
    ? wrapText(step.error.message, look.columns - indent.length - 2)
      .map((line, at) => `${indent}${at === 0 ? cross(look) : " "} ${line}`)
    : [];
  if (step.status !== "completed") {
    const state = items
      ? [`${indent}${status}: ${items}`]
      : reason.length > 0
      ? []
      : [indent + status];
    return [title, ...state, ...reason];
  }
  const { headline, lines } = items ? { headline: items, lines: [] } : summaryOf(step);
  return [title, `${indent}${tick(look)} ${headline}`, ...lines.map((line) => indent + line)];
}

function summaryOf(
  { result, result_bytes: bytes }: StepView,
): { readonly headline: string; readonly lines: readonly string[] } {
  if (bytes === null) return summarize(result);
  return { headline: `Success - ${megabytesText(bytes)}, too large to show here`, lines: [] };
}

/** The total is only known at the end: the list may be longer than the items begun so far. */
function itemsText(
  { begun, completed, failed, running }: NonNullable<StepView["items"]>,
  isComplete: boolean,
): string {
  const all = countText(begun, "item");
  return [
    isComplete ? `${completed} of ${all} completed` : `${countText(completed, "item")} completed`,
    ...(failed > 0 ? [`${failed} failed`] : []),
    ...(running > 0 ? [`${running} running`] : []),
  ].join(", ");
}
