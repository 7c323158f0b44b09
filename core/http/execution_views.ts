/** Executions and their steps as the API shows them. */

import type { Definitions } from "../engine/definitions.ts";
import type { ExecutionId } from "../ids.ts";
import type { ExecutionRow, StepRow } from "../store/executions.ts";
import type { Store } from "../store/store.ts";
import type { Step, Workflow } from "../workflow/definition.ts";
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
  const workflow = await definitions.of(row).catch(() => undefined); // its rows still tell enough
  return { ...executionView(row), steps: stepViews(workflow, attempts) };
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
    error: row.error,
  };
}

/** One view for each step, at its latest attempt. */
function stepViews(workflow: Workflow | undefined, attempts: readonly StepRow[]): StepView[] {
  const latest = new Map(attempts.map((attempt) => [attempt.index, attempt]));
  if (!workflow) return [...latest.values()].map((row) => stepView(row.index, undefined, row));
  return workflow.steps.map((step, index) => stepView(index, step, latest.get(index)));
}

function stepView(index: number, step: Step | undefined, row: StepRow | undefined): StepView {
  return {
    name: row?.name ?? step?.name ?? "",
    index,
    agent: step?.agent ?? "",
    capability: step?.capability ?? "",
    status: row?.status ?? "pending",
    attempt: row?.attempt ?? 0,
    started_at: isoOrNull(row?.startedAtMs ?? null),
    completed_at: isoOrNull(row?.completedAtMs ?? null),
    duration_seconds: seconds(row?.startedAtMs ?? null, row?.completedAtMs ?? null),
    result: row?.result === null || row?.result === undefined ? null : JSON.parse(row.result),
    error: row?.error ?? null,
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
