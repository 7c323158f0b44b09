/**
 * What holds for every execution, in every order of events, with a crash at any point: random
 * graphs, items, retries, conditions and `finally`. fast-check prints the seed of a failure.
 */

import assert from "node:assert/strict";
import fc from "fast-check";
import type { Plan } from "../../../../core/engine/decide/plan.ts";
import type { Decision } from "../../../../core/engine/decide/decision.ts";
import type { Progress } from "../../../../core/engine/decide/progress.ts";
import { runningMax } from "../../../../core/workflow/definition.ts";
import { type Attempt, interruptionsMax } from "../../../../core/engine/decide/unit.ts";
import { seededRandom } from "../../../support/random.ts";
import { linesOf, planOf, progressOf, rowOf } from "./progress_trial.ts";
import type { FinalStatus } from "../../../../core/statuses.ts";

const backoffMs = 1_000;
const turnsMax = 5_000;

/** Steps that need some of those before them, and how often each of their units fails first. */
const anyCourse = fc.record({
  drafts: fc.array(
    fc.record({
      needs: fc.array(fc.nat(5), { maxLength: 3 }),
      items: fc.option(fc.nat(5), { nil: undefined }),
      parallelMax: fc.integer({ min: 1, max: 3 }),
      isSkipped: fc.boolean(),
      onError: fc.constantFrom("fail", "continue"),
      attempts: fc.integer({ min: 1, max: 3 }),
      failures: fc.array(fc.constantFrom(0, 0, 0, 1, 2, 3), { minLength: 6, maxLength: 6 }),
    }),
    { minLength: 1, maxLength: 6 },
  ),
  seed: fc.integer(),
});

type Draft = (typeof anyCourse extends fc.Arbitrary<infer Course> ? Course : never)["drafts"][0];
type Begin = Extract<Decision, { kind: "begin" | "settle" }>;

function planOfDrafts(drafts: readonly Draft[]): Plan {
  const steps = drafts.map(({ needs, items, ...draft }, index) => ({
    name: `s${index}`,
    on_error: draft.onError,
    retry: { attempts: draft.attempts, backoff: `${backoffMs}ms`, factor: 2 },
    needs: [...new Set(needs.filter((need) => need < index))].map((need) => `s${need}`),
    ...(draft.isSkipped && { when: "1 > 2" }),
    ...(items !== undefined && {
      for_each: {
        items: Array.from({ length: items }, (_, n) => n),
        max_parallel: draft.parallelMax,
      },
    }),
  }));
  const outputs = Object.fromEntries(
    steps.map(({ name }) => [name, `\${{ steps.${name}.status }}`]),
  );
  return planOf(steps, { finally: [{ name: "last" }, { name: "very_last" }], outputs });
}

/** Unordered; and if two steps failed, either may be reported as the cause. */
function summaryOf(decisions: readonly Decision[]): string[] {
  return linesOf(decisions).map((line) => line.replace(/^failed Step "\w+" failed.*/, "failed"))
    .sort();
}

interface Disturbances {
  readonly random: () => number;
  crashesLeft: number;
}

/** One execution with its rows, as a store keeps them, and agents that answer at random. */
class Course {
  readonly #plan: Plan;
  readonly #drafts: readonly Draft[];
  readonly #disturbances: Disturbances;
  readonly #rows = new Map<string, Attempt[]>();
  #progress: Progress;
  #running: Attempt[] = [];
  #nowMs = 0;

  constructor(drafts: readonly Draft[], disturbances: Disturbances) {
    this.#plan = planOfDrafts(drafts);
    this.#drafts = drafts;
    this.#disturbances = disturbances;
    this.#progress = progressOf(this.#plan);
  }

  /** Runs to the end; returns the final status and the outputs. */
  run(): { readonly status: FinalStatus; readonly result: string | null } {
    for (let turn = 0; turn < turnsMax; turn++) {
      const cut = linesOf(this.#progress.decide(this.#nowMs, () => true));
      const decisions = this.#progress.decide(this.#nowMs);
      const again = linesOf(this.#progress.decide(this.#nowMs));
      assert.deepEqual(linesOf(decisions), again, "deciding changes nothing");
      const begun = cut.at(-1) === "more" ? cut.slice(0, -1) : cut;
      assert.deepEqual(
        begun,
        again.slice(0, begun.length),
        "cut short, it gives the first of them",
      );
      if (this.#running.length === 0) {
        const replayed = progressOf(this.#plan, this.#sorted()).decide(this.#nowMs);
        assert.deepEqual(
          summaryOf(replayed),
          summaryOf(decisions),
          "the rows alone give the same decisions",
        );
      }
      for (const decision of decisions) {
        if (decision.kind === "finish") return decision;
        if (decision.kind === "begin" || decision.kind === "settle") this.#begin(decision);
      }
      this.#goOn(decisions);
    }
    assert.fail("it does not end");
  }

  #begin(decision: Begin): void {
    const { planned: { index }, item, attempt } = decision;
    this.#assertMayBegin(decision);
    if (decision.kind === "settle") {
      const { status, result, error } = decision;
      this.#keep({ ...rowOf(index, item, attempt, status, this.#nowMs), result, error });
      return;
    }
    const row = rowOf(index, item, attempt, "running", this.#nowMs);
    this.#running.push(row);
    this.#keep(row);
    assert.ok(this.#running.length <= runningMax);
    const ofStep = this.#running.filter((row) => row.index === index).length;
    assert.ok(ofStep <= (this.#drafts[index]?.parallelMax ?? 1), "more items than allowed");
  }

  #assertMayBegin({ planned: { index, step }, item, attempt }: Begin): void {
    const rows = this.#of(index, item);
    assert.equal(attempt, rows.length + 1);
    for (const { status } of rows) {
      assert.match(status, /failed|cancelled/, "what has ended, or runs, is begun again");
    }
    const failed = rows.filter(({ status }) => status === "failed");
    assert.ok(failed.length < step.retry.attemptsMax, "an attempt past the policy");
    const since = this.#nowMs - (failed.at(-1)?.completedAtMs ?? 0);
    assert.ok(failed.length === 0 || since >= backoffMs * 2 ** (failed.length - 1), "too early");
    for (const need of step.needs) {
      assert.ok(this.#isEnded(Number(need.slice(1))), `${step.name} begins before ${need} ended`);
    }
    if (index > this.#plan.finallyIndex) assert.ok(this.#isEnded(index - 1));
    if (index < this.#plan.finallyIndex) assert.ok(!this.#hasFailed(), "begun after a failure");
    else assert.ok(this.#isOver(), "`finally` before the steps are over");
  }

  /** An attempt ends, time passes, or the daemon dies. */
  #goOn(decisions: readonly Decision[]): void {
    const { random } = this.#disturbances;
    if (this.#disturbances.crashesLeft > 0 && random() < 0.1) return this.#crash();
    const [first] = decisions;
    const canWait = first?.kind === "wait";
    if (canWait && (this.#running.length === 0 || random() < 0.3)) {
      this.#nowMs = first.untilMs;
      return;
    }
    this.#nowMs += 7;
    const [row] = this.#running.splice(Math.floor(random() * this.#running.length), 1);
    if (!row) return;
    const { index, item, attempt } = row;
    const failed = this.#of(index, item).filter(({ status }) => status === "failed").length;
    const failures = this.#drafts[index]?.failures[Math.max(item, 0)] ?? 0;
    const status = failed < failures ? "failed" : "completed";
    this.#keep(rowOf(index, item, attempt, status, this.#nowMs));
  }

  #crash(): void {
    this.#disturbances.crashesLeft--;
    for (const { index, item, attempt } of this.#running.splice(0)) {
      this.#of(index, item)[attempt - 1] = rowOf(index, item, attempt, "cancelled", this.#nowMs);
    }
    this.#progress = progressOf(this.#plan, this.#sorted());
  }

  #keep(row: Attempt): void {
    this.#of(row.index, row.item)[row.attempt - 1] = row;
    this.#progress.record(row);
  }

  #of(index: number, item: number): Attempt[] {
    const key = `${index}/${item}`;
    const rows = this.#rows.get(key) ?? [];
    this.#rows.set(key, rows);
    return rows;
  }

  #sorted(): Attempt[] {
    return [...this.#rows.values()].flat()
      .sort((a, b) => a.index - b.index || a.item - b.item || a.attempt - b.attempt);
  }

  #isUnitOver(index: number, item: number): boolean {
    const rows = this.#of(index, item);
    const failed = rows.filter(({ status }) => status === "failed").length;
    const isDone = rows.some(({ status }) => status === "completed" || status === "skipped");
    return isDone || failed >= (this.#drafts[index]?.attempts ?? 1);
  }

  #isEnded(index: number): boolean {
    if (this.#running.some((row) => row.index === index)) return false;
    const draft = this.#drafts[index];
    if (draft?.items === undefined || this.#of(index, -1).length > 0) {
      return this.#isUnitOver(index, -1);
    }
    const items = Array.from({ length: draft.items }, (_, item) => item);
    return this.#isFailed(index) || items.every((item) => this.#isUnitOver(index, item));
  }

  /** Whether a step has failed although it may not. */
  #isFailed(index: number): boolean {
    if (this.#drafts[index]?.onError === "continue") return false;
    return [...this.#rows.values()].some((rows) =>
      rows[0]?.index === index && rows.at(-1)?.status === "failed" &&
      this.#isUnitOver(index, rows[0].item)
    );
  }

  #hasFailed(): boolean {
    // A step with items in flight has not ended.
    return this.#drafts.some((_, index) => this.#isFailed(index) && this.#isEnded(index));
  }

  #isOver(): boolean {
    if (this.#running.some(({ index }) => index < this.#plan.finallyIndex)) return false;
    return this.#hasFailed() || this.#drafts.every((_, index) => this.#isEnded(index));
  }
}

Deno.test("an execution follows its plan in every order of events, despite crashes", () => {
  fc.assert(
    fc.property(anyCourse, ({ drafts, seed }) => {
      const random = seededRandom(seed);
      const quiet = new Course(drafts, { random: () => 0, crashesLeft: 0 }).run();
      // One more crash, and an attempt interrupted each time fails.
      const crashesLeft = interruptionsMax - 1;
      const { status, result } = new Course(drafts, { random, crashesLeft }).run();
      assert.deepEqual({ status, result }, { status: quiet.status, result: quiet.result });
    }),
    { numRuns: 200 },
  );
});
