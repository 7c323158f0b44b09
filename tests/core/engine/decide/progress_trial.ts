/** Plans and rows for tests of an execution's progress. */

import assert from "node:assert/strict";
import { type Plan, planWorkflow } from "../../../../core/engine/decide/plan.ts";
import type { Decision } from "../../../../core/engine/decide/decision.ts";
import { Progress } from "../../../../core/engine/decide/progress.ts";
import type { Attempt } from "../../../../core/engine/decide/unit.ts";
import type { StoredError } from "../../../../core/store/operations/executions.ts";
import { parseWorkflows } from "../../../../core/workflow/form/parse.ts";

/** A part of a workflow, as in a file. */
export type Form = Readonly<Record<string, unknown>>;

const error = { code: "agent_error" as const, message: "no luck" };

/** The plan of a workflow of `agent.work` steps. */
export function planOf(steps: readonly Form[], rest: Form = {}): Plan {
  const whole = (form: Form): Form => ({ agent: "agent", capability: "work", ...form });
  const more = rest["finally"] as readonly Form[] | undefined;
  const text = JSON.stringify({
    name: "a",
    ...rest,
    steps: steps.map(whole),
    ...(more && { finally: more.map(whole) }),
  });
  const { workflows: [workflow], problems } = parseWorkflows(text, "a.yaml");
  assert.ok(workflow, problems.map(({ message }) => message).join("; "));
  return planWorkflow(workflow);
}

/** The progress that follows from stored rows. */
export function progressOf(plan: Plan, rows: readonly Attempt[] = []): Progress {
  const execution = { id: "e", workflow: "a", as_of: null };
  const scope = { inputs: { n: 2 }, execution, now: "2026-01-16T10:30:00Z", secrets: {} };
  const progress = new Progress({ plan, executionId: "e", scope });
  const replay = progress.replay(rows);
  while (!replay.next().done);
  return progress;
}

/** An attempt as stored; a cancelled one was interrupted by the end of its daemon. */
export function rowOf(
  index: number,
  item: number,
  attempt: number,
  status: Attempt["status"],
  completedAtMs: number,
): Attempt {
  const died: StoredError = {
    code: "interrupted",
    message: "the daemon or its store failed during this attempt",
  };
  return {
    index,
    item,
    attempt,
    status,
    completedAtMs,
    result: status === "completed" ? "1" : null,
    error: status === "failed" ? error : status === "cancelled" ? died : null,
    isSuperseded: false,
  };
}

/** Each decision in one line. */
export function linesOf(decisions: readonly Decision[]): string[] {
  return decisions.map((decision) => {
    if (decision.kind === "wait") return `wait ${decision.untilMs}`;
    if (decision.kind === "finish") {
      const { status, error, result } = decision;
      return [status, error?.message, result].filter(Boolean).join(" ");
    }
    if (decision.kind === "more") return "more";
    const { planned, item, attempt } = decision;
    const place = `${planned.step.name}${item < 0 ? "" : `[${item}]`}/${attempt}`;
    if (decision.kind === "begin") return `begin ${place} ${decision.input}`;
    return `${decision.status} ${place}${decision.error ? ` ${decision.error.message}` : ""}`;
  });
}
