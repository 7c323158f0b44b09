/** What an execution does next: cases one by one, then what holds for every history. */

import assert from "node:assert/strict";
import fc from "fast-check";
import {
  type Attempt,
  decide,
  type Decision,
  interruptionsMax,
} from "../../../core/engine/decide.ts";
import type { RetryPolicy, Workflow } from "../../../core/workflow/definition.ts";

type Status = Attempt["status"];

function workflowOf(policies: readonly RetryPolicy[]): Workflow {
  return {
    name: "a",
    description: "",
    enabled: true,
    schedules: [],
    steps: policies.map((retry, index) => ({
      name: `step_${index}`,
      agent: "agent",
      capability: "work",
      params: {},
      timeoutMs: 1_000,
      retry,
    })),
  };
}

const once = { attemptsMax: 1, backoffMs: 1_000 };
const thrice = { attemptsMax: 3, backoffMs: 1_000 };
const error = { code: "agent_error" as const, message: "no luck" };

/** Attempts of one step after the other, each ended at 1,000 ms: `[0, "failed"]`. */
function attemptsOf(...ended: readonly (readonly [number, Status])[]): Attempt[] {
  const counts = new Map<number, number>();
  return ended.map(([index, status]) => {
    const attempt = (counts.get(index) ?? 0) + 1;
    counts.set(index, attempt);
    return {
      index,
      attempt,
      status,
      startedAtMs: 0,
      completedAtMs: 1_000,
      error: status === "failed" ? error : null,
    };
  });
}

/** A decision in one line. */
function told(decision: Decision): string {
  if (decision.kind === "begin") return `begin ${decision.index}/${decision.attempt}`;
  if (decision.kind === "wait") return `wait ${decision.untilMs}`;
  return `${decision.status}${decision.error ? ` ${decision.error.message}` : ""}`;
}

interface Case {
  readonly policies?: readonly RetryPolicy[];
  readonly ended: readonly (readonly [number, Status])[];
  readonly nowMs?: number;
  readonly wanted: string;
}

const cutOff = (times: number): [number, Status][] =>
  Array.from({ length: times }, () => [0, "cancelled"]);

const cases: Readonly<Record<string, Case>> = {
  "begins with the first step": { ended: [], wanted: "begin 0/1" },
  "goes on with the second": { ended: [[0, "completed"]], wanted: "begin 1/1" },
  "ends after the last": { ended: [[0, "completed"], [1, "completed"]], wanted: "completed" },
  "fails with the step that failed, and begins no later one": {
    ended: [[0, "failed"]],
    wanted: 'failed Step "step_0" failed: no luck',
  },
  "waits before a second attempt": {
    policies: [thrice],
    ended: [[0, "failed"]],
    wanted: "wait 2000",
  },
  "begins it when its time has come": {
    policies: [thrice],
    ended: [[0, "failed"]],
    nowMs: 2_000,
    wanted: "begin 0/2",
  },
  "waits twice as long before a third": {
    policies: [thrice],
    ended: [[0, "failed"], [0, "failed"]],
    nowMs: 2_000,
    wanted: "wait 3000",
  },
  "fails after the last attempt that its policy allows": {
    policies: [thrice],
    ended: [[0, "failed"], [0, "failed"], [0, "failed"]],
    nowMs: 1e9,
    wanted: 'failed Step "step_0" failed: no luck',
  },
  "goes on after an attempt that succeeded late": {
    policies: [thrice, once],
    ended: [[0, "failed"], [0, "completed"]],
    wanted: "begin 1/1",
  },
  "begins again what the daemon's end cut off, without a wait": {
    ended: cutOff(1),
    wanted: "begin 0/2",
  },
  "does not count it as a failure": {
    policies: [thrice],
    ended: [[0, "failed"], [0, "cancelled"], [0, "failed"]],
    nowMs: 3_000,
    wanted: "begin 0/4",
  },
  "begins again after all but one of the interruptions allowed": {
    ended: cutOff(interruptionsMax - 1),
    wanted: `begin 0/${interruptionsMax}`,
  },
  "gives up a step that was cut off too often: it may be what ends the daemon": {
    ended: cutOff(interruptionsMax),
    wanted: `failed Step "step_0" failed: the daemon ended ${interruptionsMax} times while it ran`,
  },
  "never begins again what was completed, whatever came after it": {
    ended: [[0, "completed"], [0, "cancelled"], [0, "failed"]],
    wanted: "begin 1/1",
  },
};

for (
  const [name, { policies = [once, once], ended, nowMs = 1_000, wanted }] of Object.entries(cases)
) {
  Deno.test(`decide() ${name}`, () => {
    assert.equal(told(decide(workflowOf(policies), attemptsOf(...ended), nowMs)), wanted);
  });
}

const policies = fc.array(
  fc.record({
    attemptsMax: fc.integer({ min: 1, max: 4 }),
    backoffMs: fc.integer({ min: 0, max: 5_000 }),
  }),
  { minLength: 1, maxLength: 4 },
);
const statuses: readonly Status[] = ["completed", "failed", "cancelled"];
const history = fc.array(
  fc.tuple(fc.nat({ max: 3 }), fc.constantFrom(...statuses)),
  { maxLength: 25 },
);

Deno.test("decide() begins the first step not completed, once more, and only while it may", () => {
  fc.assert(fc.property(policies, history, fc.nat(1e7), (policies, ended, nowMs) => {
    const attempts = attemptsOf(...ended);
    const decision = decide(workflowOf(policies), attempts, nowMs);
    const of = (index: number, status?: Status): Attempt[] =>
      attempts.filter((one) => one.index === index && (!status || one.status === status));
    const open = policies.findIndex((_, index) => of(index, "completed").length === 0);
    if (decision.kind === "wait") return assert.ok(open >= 0 && decision.untilMs > nowMs);
    if (decision.kind === "finish") return assert.equal(decision.status === "completed", open < 0);
    assert.equal(decision.index, open);
    assert.equal(decision.attempt, of(open).length + 1);
    assert.ok(of(open, "failed").length < (policies[open]?.attemptsMax ?? 0));
    assert.ok(of(open, "cancelled").length < interruptionsMax);
  }));
});

Deno.test("decide() always ends, waits as its policies say, and keeps every bound on the way", () => {
  fc.assert(fc.property(
    policies,
    fc.infiniteStream(fc.constantFrom(...statuses)),
    (policies, outcomes) => {
      const workflow = workflowOf(policies);
      const attempts: Attempt[] = [];
      const decisionsMax = policies.length * 2 * (4 + interruptionsMax) + 1;
      let nowMs = 0;
      for (let made = 0; made < decisionsMax; made++) {
        const decision = decide(workflow, attempts, nowMs);
        if (decision.kind === "finish") return checkEnd(workflow, attempts, decision);
        if (decision.kind === "wait") {
          assert.equal(decision.untilMs, dueAtMs(workflow, attempts));
          nowMs = decision.untilMs;
          continue;
        }
        const { index, attempt } = decision;
        const [status = "completed"] = outcomes.take(1);
        const startedAtMs = nowMs;
        nowMs += 7;
        attempts.push({ index, attempt, status, startedAtMs, completedAtMs: nowMs, error: null });
      }
      assert.fail("it does not end");
    },
  ));
});

/** When the step that failed last may be tried again. */
function dueAtMs({ steps }: Workflow, attempts: readonly Attempt[]): number {
  const last = attempts.at(-1);
  assert.equal(last?.status, "failed");
  const failures = attempts.filter(({ index, status }) =>
    index === last?.index && status === "failed"
  );
  const { backoffMs } = steps[last?.index ?? 0]?.retry ?? once;
  return (last?.completedAtMs ?? 0) + backoffMs * 2 ** (failures.length - 1);
}

function checkEnd(
  { steps }: Workflow,
  attempts: readonly Attempt[],
  { status }: Extract<Decision, { kind: "finish" }>,
): void {
  steps.forEach(({ retry }, index) => {
    const own = attempts.filter((attempt) => attempt.index === index);
    const count = (status: Status): number => own.filter((one) => one.status === status).length;
    assert.ok(count("failed") <= retry.attemptsMax);
    assert.ok(count("cancelled") <= interruptionsMax);
    assert.ok(count("completed") <= 1);
    if (status === "completed") assert.equal(count("completed"), 1);
  });
  const last = Math.max(...attempts.map(({ index }) => index));
  const isLastDone = attempts.some((one) => one.index === last && one.status === "completed");
  assert.equal(isLastDone, status === "completed");
}
