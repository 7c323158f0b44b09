/** What an execution does next: cases one by one, then what holds for every course of events. */

import assert from "node:assert/strict";
import fc from "fast-check";
import { type Plan, planWorkflow } from "../../../core/engine/plan.ts";
import { type Decision, Progress, runningMax } from "../../../core/engine/progress.ts";
import type { ErrorRow } from "../../../core/store/executions.ts";
import { type Attempt, interruptionsMax } from "../../../core/engine/unit.ts";
import { parseWorkflows } from "../../../core/workflow/parse.ts";

type Form = Readonly<Record<string, unknown>>;

const error = { code: "agent_error" as const, message: "no luck" };

function planOf(steps: readonly Form[], rest: Form = {}): Plan {
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

function progressOf(plan: Plan, rows: readonly Attempt[] = []): Progress {
  const execution = { id: "e", workflow: "a" };
  const scope = { inputs: { n: 2 }, execution, now: "2026-01-16T10:30:00Z", secrets: {} };
  const progress = new Progress({ plan, executionId: "e", scope });
  progress.replay(rows);
  return progress;
}

/** Attempts of one step after the other, each ended at 1,000 ms: `[0, "failed"]`. */
function rowsOf(...ended: readonly (readonly [number, Attempt["status"], string?])[]): Attempt[] {
  const counts = new Map<number, number>();
  return ended.map(([index, status, result = null]) => {
    const attempt = (counts.get(index) ?? 0) + 1;
    counts.set(index, attempt);
    return { ...rowOf(index, -1, attempt, status, 1_000), result };
  });
}

function rowOf(
  index: number,
  item: number,
  attempt: number,
  status: Attempt["status"],
  completedAtMs: number,
): Attempt {
  const died: ErrorRow = {
    code: "interrupted",
    message: "the daemon, or its store, failed while it ran",
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

/** Decisions in a line each. */
function told(decisions: readonly Decision[]): string[] {
  return decisions.map((decision) => {
    if (decision.kind === "wait") return `wait ${decision.untilMs}`;
    if (decision.kind === "finish") {
      const { status, error, result } = decision;
      return [status, error?.message, result].filter(Boolean).join(" ");
    }
    const { planned, item, attempt } = decision;
    const place = `${planned.step.name}${item < 0 ? "" : `[${item}]`}/${attempt}`;
    if (decision.kind === "begin") return `begin ${place} ${decision.input}`;
    return `${decision.status} ${place}${decision.error ? ` ${decision.error.message}` : ""}`;
  });
}

const thrice = { attempts: 3, backoff: "1s" };
const one = { name: "one" };
const two = { name: "two", params: { from: "${{ steps.one.output }}" } };

interface Case {
  readonly steps?: readonly Form[];
  readonly rest?: Form;
  readonly rows?: readonly Attempt[];
  readonly nowMs?: number;
  readonly wanted: readonly string[];
}

const cases: Readonly<Record<string, Case>> = {
  "begins with the first step": { wanted: ["begin one/1 {}"] },
  "hands an output on": {
    rows: rowsOf([0, "completed", '{"a":[1]}']),
    wanted: ['begin two/1 {"from":{"a":[1]}}'],
  },
  "completes after the last step": {
    rows: rowsOf([0, "completed"], [1, "completed"]),
    wanted: ["completed"],
  },
  "gives the outputs": {
    rest: { outputs: { sum: "${{ steps.two.output + inputs.n }}" }, inputs: { n: integer() } },
    rows: rowsOf([0, "completed"], [1, "completed", "40"]),
    wanted: ['completed {"sum":42}'],
  },
  "fails with the step that failed": {
    rows: rowsOf([0, "failed"]),
    wanted: ['failed Step "one" failed: no luck'],
  },
  "waits before it tries again": {
    steps: [{ ...one, retry: thrice }],
    rows: rowsOf([0, "failed"], [0, "failed"]),
    nowMs: 2_999,
    wanted: ["wait 3000"],
  },
  "tries again when the wait is over": {
    steps: [{ ...one, retry: thrice }],
    rows: rowsOf([0, "failed"], [0, "failed"]),
    nowMs: 3_000,
    wanted: ["begin one/3 {}"],
  },
  "does not try again what fails with another code than those of `on`": {
    steps: [{ ...one, retry: { ...thrice, on: ["rate_limited"] } }],
    rows: rowsOf([0, "failed"]),
    wanted: ['failed Step "one" failed: no luck'],
  },
  "begins again what the daemon's end cut off": {
    rows: rowsOf([0, "cancelled"]),
    wanted: ["begin one/2 {}"],
  },
  "gives up what was cut off too often": {
    rows: rowsOf(...Array.from({ length: interruptionsMax }, () => [0, "cancelled"] as const)),
    wanted: [
      `failed Step "one" failed: it was cut off ${interruptionsMax} times in a row: ` +
      "the daemon, or its store, failed while it ran",
    ],
  },
  "begins again what was cut off as often, but not in a row": {
    steps: [{ ...one, retry: thrice }],
    rows: rowsOf(
      ...Array.from({ length: interruptionsMax - 1 }, () => [0, "cancelled"] as const),
      [0, "failed"],
      ...Array.from({ length: interruptionsMax - 1 }, () => [0, "cancelled"] as const),
    ),
    wanted: [`begin one/${2 * interruptionsMax} {}`],
  },
  "begins at once what needs nothing": {
    steps: [one, { name: "two", needs: [] }, { name: "three", needs: ["one", "two"] }],
    wanted: ["begin one/1 {}", "begin two/1 {}"],
  },
  "waits for all that a step needs": {
    steps: [one, { name: "two", needs: [] }, { name: "three", needs: ["one", "two"] }],
    rows: rowsOf([0, "completed"], [1, "completed"]),
    wanted: ["begin three/1 {}"],
  },
  "skips where the condition is false": {
    steps: [{ ...one, when: "1 > 2" }, two],
    wanted: ["skipped one/1"],
  },
  "goes on after a skipped step": {
    steps: [{ ...one, when: "1 > 2" }, { name: "two", params: { was: "${{ steps.one.status }}" } }],
    rows: rowsOf([0, "skipped"]),
    wanted: ['begin two/1 {"was":"skipped"}'],
  },
  "fails a step whose params can't be made": {
    steps: [{ ...one, when: "1 > 2" }, two],
    rows: rowsOf([0, "skipped"]),
    wanted: ['failed two/1 Cannot evaluate "steps.one.output": No such key: output'],
  },
  "goes on after a failure that is allowed": {
    steps: [{ ...one, on_error: "continue" }, {
      name: "two",
      params: { code: "${{ steps.one.error.code }}" },
    }],
    rows: rowsOf([0, "failed"]),
    wanted: ['begin two/1 {"code":"agent_error"}'],
  },
  "carries out each item, as many at once as allowed": {
    steps: [{
      ...one,
      for_each: { items: [5, 6, 7], max_parallel: 2 },
      params: { i: "${{ item }}", n: "${{ index }}" },
    }],
    wanted: ['begin one[0]/1 {"i":5,"n":0}', 'begin one[1]/1 {"i":6,"n":1}'],
  },
  "goes on in the middle of a list": {
    steps: [{ ...one, for_each: { items: "${{ [5, 6, 7] }}", max_parallel: 2 } }],
    rows: [rowOf(0, 0, 1, "completed", 9), rowOf(0, 1, 1, "cancelled", 9)],
    wanted: ["begin one[1]/2 {}", "begin one[2]/1 {}"],
  },
  "gives the outputs of items as a list, in order": {
    steps: [{ ...one, for_each: [5, 6] }, two],
    rows: [rowOf(0, 0, 1, "completed", 9), rowOf(0, 1, 1, "completed", 9)],
    wanted: ['begin two/1 {"from":[1,1]}'],
  },
  "completes a step without items at once": {
    steps: [{ ...one, for_each: [] }],
    wanted: ["completed one/1"],
  },
  "begins no further item after one has failed": {
    steps: [{ ...one, for_each: { items: [5, 6, 7], max_parallel: 1 } }],
    rows: [rowOf(0, 0, 1, "failed", 9)],
    wanted: ['failed Step "one" failed: no luck'],
  },
  "carries on with `finally` after a failure": {
    rest: { finally: [{ name: "last", params: { was: "${{ steps.one.status }}" } }] },
    rows: rowsOf([0, "failed"]),
    wanted: ['begin last/1 {"was":"failed"}'],
  },
  "ends after `finally` as the steps did": {
    rest: { finally: [{ name: "last" }] },
    rows: rowsOf([0, "failed"], [2, "completed"]),
    wanted: ['failed Step "one" failed: no luck'],
  },
  "fails when `finally` does": {
    rest: { finally: [{ name: "last" }] },
    rows: rowsOf([0, "completed"], [1, "completed"], [2, "failed"]),
    wanted: ['failed Step "last" failed: no luck'],
  },
  "begins anew what was superseded, with a new number": {
    rows: rowsOf([0, "failed"]).map((row) => ({ ...row, isSuperseded: true })),
    wanted: ["begin one/2 {}"],
  },
};

function integer(): Form {
  return { type: "integer" };
}

for (
  const [name, { steps = [one, two], rest, rows, nowMs = 1_000, wanted }] of Object.entries(cases)
) {
  Deno.test(`decide() ${name}`, () => {
    assert.deepEqual(told(progressOf(planOf(steps, rest), rows).decide(nowMs)), wanted);
  });
}

Deno.test("decide() begins no more than may run at once", () => {
  const steps = Array.from({ length: 100 }, (_, n) => ({ name: `s${n}`, needs: [] }));
  assert.equal(progressOf(planOf(steps)).decide(0).length, runningMax);
});

/** Steps that need any of those before them, some with items. */
const anySteps = fc.array(
  fc.record({
    needs: fc.array(fc.nat(5), { maxLength: 3 }),
    items: fc.option(fc.nat(4), { nil: undefined }),
    on_error: fc.constantFrom("fail", "continue"),
    attempts: fc.integer({ min: 1, max: 3 }),
  }),
  { minLength: 1, maxLength: 6 },
).map((drafts) =>
  drafts.map(({ needs, items, on_error, attempts }, index) => ({
    name: `s${index}`,
    on_error,
    retry: { attempts, backoff: "1s" },
    needs: [...new Set(needs.filter((need) => need < index))].map((need) => `s${need}`),
    ...(items !== undefined && {
      for_each: { items: Array.from({ length: items }, (_, n) => n), max_parallel: 2 },
    }),
  }))
);

Deno.test("an execution ends in every course of events, and rows alone lead to the same decisions", () => {
  fc.assert(fc.property(
    anySteps,
    fc.infiniteStream(fc.constantFrom("completed", "failed", "cancelled")),
    (steps, outcomes) => {
      const plan = planOf(steps, { finally: [{ name: "last" }] });
      const progress = progressOf(plan);
      const rows: Attempt[] = [];
      const record = (row: Attempt): void => {
        rows.push(row);
        progress.record(row);
      };
      const key = ({ index, item }: Attempt): number => index * 100 + item;
      let nowMs = 0;
      for (let turn = 0; turn < 1_000; turn++) {
        const decisions = progress.decide(nowMs);
        const sorted = rows.toSorted((a, b) => key(a) - key(b) || a.attempt - b.attempt);
        const replayed = progressOf(plan, sorted).decide(nowMs);
        assert.deepEqual(told(replayed).sort(), told(decisions).sort());
        const begun: Attempt[] = [];
        for (const decision of decisions) {
          if (decision.kind === "finish") return assert.ok(isWhole(rows));
          if (decision.kind === "wait") nowMs = decision.untilMs;
          if (decision.kind === "settle") {
            const { planned, item, attempt, status, result, error } = decision;
            record({ ...rowOf(planned.index, item, attempt, status, nowMs), result, error });
          }
          if (decision.kind !== "begin") continue;
          const { planned: { index }, item, attempt } = decision;
          const row = rowOf(index, item, attempt, "running", 0);
          progress.record(row);
          begun.push(row);
        }
        for (const row of begun) {
          const [status = "completed"] = outcomes.take(1);
          record(rowOf(row.index, row.item, row.attempt, status, nowMs));
        }
        nowMs += 7;
      }
      assert.fail("it does not end");
    },
  ));
});

/** Whether nothing was carried out again that had completed. */
function isWhole(rows: readonly Attempt[]): boolean {
  const completed = rows.filter(({ status }) => status === "completed")
    .map(({ index, item }) => `${index}/${item}`);
  return new Set(completed).size === completed.length;
}
