/** Executions and their steps as the API shows them. */

import type { Definitions } from "../../engine/definitions.ts";
import type { ExecutionId } from "../../ids.ts";
import type { ExecutionRow } from "../../store/reads/executions.ts";
import type { AttemptRow, ItemsRow, StepViews } from "../../store/reads/step_views.ts";
import type { Store } from "../../store/store.ts";
import type { Plan } from "../../engine/decide/plan.ts";
import type { Step } from "../../workflow/definition.ts";
import { AppError } from "../../errors.ts";
import type { ExecutionView, ItemView, StepView } from "../api.ts";

/** @throws {AppError} `unknown_execution`. */
export async function readExecution(
  store: Store,
  definitions: Definitions,
  id: ExecutionId,
): Promise<ExecutionView> {
  const row = await readRow(store, id);
  const plan = await definitions.of(row).catch(() => undefined); // its rows still tell enough
  const views = await store.read({ read: "step_views", id });
  return { ...executionView(row), steps: stepsOf(row, plan?.steps, views) };
}

/** @throws {AppError} `unknown_execution`. */
export async function readRow(store: Store, id: ExecutionId): Promise<ExecutionRow> {
  const row = await store.read({ read: "execution", id });
  if (row) return row;
  throw new AppError("unknown_execution", `Cannot show execution "${id}": there is none`);
}

export function executionView(row: ExecutionRow): ExecutionView {
  return {
    execution_id: row.executionId,
    workflow: row.workflowName,
    status: row.status,
    created_at: iso(row.createdAtMs),
    started_at: isoOrNull(row.startedAtMs),
    completed_at: isoOrNull(row.completedAtMs),
    duration_seconds: seconds(row.startedAtMs, row.completedAtMs),
    inputs: JSON.parse(row.inputParams),
    outputs: row.result === null ? null : JSON.parse(row.result),
    rerun_of: row.rerunOf,
    as_of: isoOrNull(row.asOfMs),
    error: row.error,
  };
}

/** One view for each step, at its latest attempt; of `for_each` summed up over the items. */
function stepsOf(
  row: ExecutionRow,
  planned: Plan["steps"] | undefined,
  { steps, items }: StepViews,
): StepView[] {
  const named = planned?.map(({ step, index }) => ({ index, step })) ??
    [...steps, ...items].map(({ index, name }) => ({ index, step: { name } }))
      .toSorted((a, b) => a.index - b.index);
  const attempts = new Map(steps.map((each) => [each.index, each]));
  const summed = new Map(items.map((each) => [each.index, each]));
  return named.map(({ index, step }) => {
    const view = stepOf(index, step);
    const some = summed.get(index);
    if (some) {
      // How long its list is, its rows do not tell: what came after it has begun, or it is over.
      const dependents = planned?.[index]?.dependents ?? [];
      const isOver = row.completedAtMs !== null ||
        dependents.some((other) => attempts.has(other) || summed.has(other));
      const mayFail = planned?.[index]?.step.onError === "continue";
      return { ...view, ...itemsStep(some, isOver ? "completed" : row.status, mayFail) };
    }
    const attempt = attempts.get(index);
    return attempt ? { ...view, ...attemptView(attempt) } : view;
  });
}

/** One that has not begun. */
function stepOf(
  index: number,
  { name, agent = "", capability = "" }: Pick<Step, "name"> & Partial<Step>,
): StepView {
  return {
    name,
    index,
    agent,
    capability,
    status: "pending",
    attempt: 0,
    started_at: null,
    completed_at: null,
    duration_seconds: null,
    result: null,
    result_bytes: null,
    error: null,
  };
}

/** An attempt of a step, or of one of its items. */
export function attemptView(
  { status, attempt, startedAtMs, completedAtMs, result, resultBytes, error }: AttemptRow,
): Omit<ItemView, "item"> {
  return {
    status,
    attempt,
    started_at: iso(startedAtMs),
    completed_at: isoOrNull(completedAtMs),
    duration_seconds: seconds(startedAtMs, completedAtMs),
    result: result === null ? null : JSON.parse(result),
    result_bytes: resultBytes,
    error,
  };
}

/** `ofRest`: the status of the execution where more items may come, else `completed`. */
function itemsStep(
  { startedAtMs, error, ...counts }: ItemsRow,
  ofRest: ExecutionRow["status"],
  mayFail: boolean,
): Partial<StepView> {
  const { begun, completed, failed, running } = counts;
  const order = ["running", ...mayFail ? [] : ["failed" as const], "cancelled"] as const;
  const status = order.find((status) => counts[status] > 0) ??
    (ofRest === "paused" ? "waiting" : ofRest);
  const isOpen = status === "running" || status === "waiting";
  const completedAtMs = isOpen ? null : counts.completedAtMs;
  return {
    status,
    started_at: iso(startedAtMs),
    completed_at: isoOrNull(completedAtMs),
    duration_seconds: seconds(startedAtMs, completedAtMs),
    error,
    items: { begun, completed, failed, running },
  };
}

function iso(ms: number): string {
  return new Date(ms).toISOString();
}

function isoOrNull(ms: number | null): string | null {
  return ms === null ? null : iso(ms);
}

function seconds(fromMs: number | null, toMs: number | null): number | null {
  return fromMs === null || toMs === null ? null : (toMs - fromMs) / 1_000;
}
