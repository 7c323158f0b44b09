/**
 * What an execution does next. Pure: the caller brings the workflow, the rows and the clock.
 *
 * Steps run in order. A completed step is never begun again. An attempt that was cut off by the
 * daemon's end is `cancelled`, and tried again without counting as a failure; but a step that was
 * cut off {@link interruptionsMax} times may itself be what ends the daemon, and fails.
 */

import type { ErrorRow, FinalStatus, StepRow } from "../store/executions.ts";
import type { Step, Workflow } from "../workflow/definition.ts";
import { nextAttemptAtMs } from "./retry.ts";

export const interruptionsMax = 5;

/** What is known of one attempt. */
export type Attempt = Pick<
  StepRow,
  "index" | "attempt" | "status" | "startedAtMs" | "completedAtMs" | "error"
>;

export type Decision =
  | {
    readonly kind: "begin";
    readonly step: Step;
    readonly index: number;
    readonly attempt: number;
  }
  | { readonly kind: "wait"; readonly untilMs: number }
  | { readonly kind: "finish"; readonly status: FinalStatus; readonly error: ErrorRow | null };

/** `attempts` in the order in which they began; none of them running. */
export function decide(
  workflow: Workflow,
  attempts: readonly Attempt[],
  nowMs: number,
): Decision {
  const byStep = Map.groupBy(attempts, ({ index }) => index);
  for (const [index, step] of workflow.steps.entries()) {
    const own = byStep.get(index) ?? [];
    if (own.some(({ status }) => status === "completed")) continue;
    const last = own.at(-1);
    return last ? decideAfter(step, index, own, last, nowMs) : begin(step, index, 1);
  }
  return { kind: "finish", status: "completed", error: null };
}

function decideAfter(
  step: Step,
  index: number,
  own: readonly Attempt[],
  last: Attempt,
  nowMs: number,
): Decision {
  const interruptions = own.filter(({ status }) => status === "cancelled").length;
  if (interruptions >= interruptionsMax) {
    return fail(step, {
      code: "interrupted",
      message: `the daemon ended ${interruptions} times while it ran`,
    });
  }
  const failures = own.filter(({ status }) => status === "failed");
  const failed = failures.at(-1);
  if (!failed) return begin(step, index, last.attempt + 1);
  const atMs = nextAttemptAtMs(step.retry, failures.length, failed.completedAtMs ?? nowMs);
  if (atMs === undefined) {
    return fail(step, failed.error ?? { code: "internal", message: "it failed without an error" });
  }
  return atMs > nowMs ? { kind: "wait", untilMs: atMs } : begin(step, index, last.attempt + 1);
}

function begin(step: Step, index: number, attempt: number): Decision {
  return { kind: "begin", step, index, attempt };
}

function fail(step: Step, { code, message }: ErrorRow): Decision {
  return {
    kind: "finish",
    status: "failed",
    error: { code, message: `Step "${step.name}" failed: ${message}` },
  };
}
