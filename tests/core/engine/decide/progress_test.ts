/** What an execution does next, case by case. */

import assert from "node:assert/strict";
import { runningMax } from "../../../../core/workflow/definition.ts";
import { type Attempt, interruptionsMax } from "../../../../core/engine/decide/unit.ts";
import { type Form, linesOf, planOf, progressOf, rowOf } from "./progress_trial.ts";

/** Attempts of steps in turn, each ended at 1,000 ms, from pairs such as `[0, "failed"]`. */
function rowsOf(...ended: readonly (readonly [number, Attempt["status"], string?])[]): Attempt[] {
  const counts = new Map<number, number>();
  return ended.map(([index, status, result = null]) => {
    const attempt = (counts.get(index) ?? 0) + 1;
    counts.set(index, attempt);
    return { ...rowOf(index, -1, attempt, status, 1_000), result };
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
  "passes an output on": {
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
  "does not retry a code that `on` does not list": {
    steps: [{ ...one, retry: { ...thrice, on: ["rate_limited"] } }],
    rows: rowsOf([0, "failed"]),
    wanted: ['failed Step "one" failed: no luck'],
  },
  "repeats an attempt that the daemon's end interrupted": {
    rows: rowsOf([0, "cancelled"]),
    wanted: ["begin one/2 {}"],
  },
  "fails a step that was interrupted too often": {
    rows: rowsOf(...Array.from({ length: interruptionsMax }, () => [0, "cancelled"] as const)),
    wanted: [
      `failed Step "one" failed: it was interrupted ${interruptionsMax} times in a row: ` +
      "the daemon or its store failed during this attempt",
    ],
  },
  "repeats a step interrupted as often, but not in a row": {
    steps: [{ ...one, retry: thrice }],
    rows: rowsOf(
      ...Array.from({ length: interruptionsMax - 1 }, () => [0, "cancelled"] as const),
      [0, "failed"],
      ...Array.from({ length: interruptionsMax - 1 }, () => [0, "cancelled"] as const),
    ),
    wanted: [`begin one/${2 * interruptionsMax} {}`],
  },
  "begins steps without needs at once": {
    steps: [one, { name: "two", needs: [] }, { name: "three", needs: ["one", "two"] }],
    wanted: ["begin one/1 {}", "begin two/1 {}"],
  },
  "waits for all that a step needs": {
    steps: [one, { name: "two", needs: [] }, { name: "three", needs: ["one", "two"] }],
    rows: rowsOf([0, "completed"], [1, "completed"]),
    wanted: ["begin three/1 {}"],
  },
  "skips a step whose condition is false": {
    steps: [{ ...one, when: "1 > 2" }, two],
    wanted: ["skipped one/1"],
  },
  "continues after a skipped step": {
    steps: [{ ...one, when: "1 > 2" }, { name: "two", params: { was: "${{ steps.one.status }}" } }],
    rows: rowsOf([0, "skipped"]),
    wanted: ['begin two/1 {"was":"skipped"}'],
  },
  "fails a step whose params cannot be evaluated": {
    steps: [{ ...one, when: "1 > 2" }, two],
    rows: rowsOf([0, "skipped"]),
    wanted: ['failed two/1 Cannot evaluate "steps.one.output": No such key: output'],
  },
  "continues after an allowed failure": {
    steps: [{ ...one, on_error: "continue" }, {
      name: "two",
      params: { code: "${{ steps.one.error.code }}" },
    }],
    rows: rowsOf([0, "failed"]),
    wanted: ['begin two/1 {"code":"agent_error"}'],
  },
  "runs each item, as many at once as allowed": {
    steps: [{
      ...one,
      for_each: { items: [5, 6, 7], max_parallel: 2 },
      params: { i: "${{ item }}", n: "${{ index }}" },
    }],
    wanted: ['begin one[0]/1 {"i":5,"n":0}', 'begin one[1]/1 {"i":6,"n":1}'],
  },
  "resumes in the middle of a list": {
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
  "runs `finally` after a failure": {
    rest: { finally: [{ name: "last", params: { was: "${{ steps.one.status }}" } }] },
    rows: rowsOf([0, "failed"]),
    wanted: ['begin last/1 {"was":"failed"}'],
  },
  "shows an abandoned step to `finally` as cancelled": {
    steps: [one, { name: "two", needs: [], retry: thrice }],
    rest: {
      finally: [{
        name: "last",
        params: { two: "${{ steps.two.status }}", never: "${{ steps.one.status }}" },
      }],
    },
    rows: rowsOf([0, "failed"], [1, "failed"]),
    wanted: ['begin last/1 {"two":"cancelled","never":"failed"}'],
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
  "repeats a superseded attempt with a new number": {
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
    assert.deepEqual(linesOf(progressOf(planOf(steps, rest), rows).decide(nowMs)), wanted);
  });
}

Deno.test("decide() begins no more than may run at once", () => {
  const steps = Array.from({ length: 100 }, (_, n) => ({ name: `s${n}`, needs: [] }));
  assert.equal(progressOf(planOf(steps)).decide(0).length, runningMax);
});
