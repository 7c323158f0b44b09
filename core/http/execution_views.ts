/** Executions and their steps as the API shows them. */

import type { Definitions } from "../engine/definitions.ts";
import type { ExecutionId } from "../ids.ts";
import type { ExecutionRow, StepRow } from "../store/executions.ts";
import type { Store } from "../store/store.ts";
import type { Plan } from "../engine/plan.ts";
import type { Step } from "../workflow/definition.ts";
import { AppError } from "../errors.ts";
import type { ExecutionView, StepView } from "./api.ts";

/** @throws {AppError} `unknown_execution`. */
export async function readExecution(
  store: Store,
  definitions: Definitions,
  id: ExecutionId,
): Promise<ExecutionView> {
  const row = await store.executions.execution(id);
  if (!row) {
    throw new AppError("unknown_execution", `Cannot show execution "${id}": there is none`);
  }
  const attempts = await store.executions.steps(id);
  const plan = await definitions.of(row).catch(() => undefined); // its rows still tell enough
  return { ...executionView(row), steps: stepViews(plan?.steps, attempts) };
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
    error: row.error,
  };
}

/** One view for each step, at its latest attempt; of `for_each` summed up over the items. */
function stepViews(
  planned: Plan["steps"] | undefined,
  attempts: readonly StepRow[],
): StepView[] {
  const byStep = Map.groupBy(attempts, ({ index }) => index);
  if (!planned) return [...byStep].map(([index, rows]) => stepView(index, undefined, rows));
  return planned.map(({ step, index }) => stepView(index, step, byStep.get(index) ?? []));
}

function stepView(index: number, step: Step | undefined, rows: readonly StepRow[]): StepView {
  const current = rows.filter(({ isSuperseded }) => !isSuperseded);
  const row = current.at(-1) ?? rows.at(-1);
  const startedAtMs = rows.length > 0 ? Math.min(...rows.map((each) => each.startedAtMs)) : null;
  const items = new Map(
    current.filter(({ item }) => item >= 0).map((each) => [each.item, each]),
  );
  return {
    name: row?.name ?? step?.name ?? "",
    index,
    agent: step?.agent ?? "",
    capability: step?.capability ?? "",
    status: items.size > 0 ? statusOfItems([...items.values()]) : row?.status ?? "pending",
    attempt: row?.attempt ?? 0,
    started_at: isoOrNull(items.size > 0 ? startedAtMs : row?.startedAtMs ?? null),
    completed_at: isoOrNull(row?.completedAtMs ?? null),
    duration_seconds: seconds(
      items.size > 0 ? startedAtMs : row?.startedAtMs ?? null,
      row?.completedAtMs ?? null,
    ),
    result: row?.result === null || row?.result === undefined ? null : JSON.parse(row.result),
    error: [...items.values()].find(({ error }) => error)?.error ?? row?.error ?? null,
    ...(items.size > 0 && { items: countsOf([...items.values()]) }),
  };
}

function statusOfItems(items: readonly StepRow[]): StepRow["status"] {
  const order = ["running", "failed", "cancelled"] as const;
  return order.find((status) => items.some((item) => item.status === status)) ?? "completed";
}

function countsOf(items: readonly StepRow[]): NonNullable<StepView["items"]> {
  const count = (status: StepRow["status"]): number =>
    items.filter((item) => item.status === status).length;
  return {
    begun: items.length,
    completed: count("completed"),
    failed: count("failed"),
    running: count("running"),
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
