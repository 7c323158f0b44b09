/** Random schedules with random downtimes, kills and clock jumps: each fires once, none is lost. */

import assert from "node:assert/strict";
import fc from "fast-check";
import { AppError } from "../../../core/errors.ts";
import { instantsOf } from "../../../core/schedule/next.ts";
import type { Scheduler } from "../../../core/schedule/scheduler.ts";
import type { SqliteStore } from "../../../core/store/sqlite/store.ts";
import type { ParsedWorkflow } from "../../../core/workflow/definition.ts";
import { storeWith } from "../../support/store_over.ts";
import { openTempStore } from "../../support/temp_store.ts";
import { scheduled, type Trial, tryScheduler } from "./scheduler_trial.ts";

const minuteMs = 60_000;
const jitterMsMax = 15_000;
const startAt = "2026-03-02T10:00:30Z";
/** Far more turns than any test here leaves waiting. */
const turnsMax = 1_000;

type Kill = "no" | "while down" | "before its commit" | "after its commit";

interface Step {
  readonly byMs: number;
  readonly kill: Kill;
}

function anySteps(byMs: fc.Arbitrary<number>): fc.Arbitrary<Step[]> {
  const kill = fc.constantFrom<Kill>(
    "no",
    "no",
    "while down",
    "before its commit",
    "after its commit",
  );
  return fc.array(fc.record({ byMs, kill }), { minLength: 5, maxLength: 20 });
}

/** A scheduler that dies at its first commit: either all of it is lost, or only the answer. */
async function dyingScheduler(
  trial: Trial,
  store: SqliteStore,
  kill: Kill,
): Promise<Scheduler<ParsedWorkflow>> {
  let isDying = false;
  const scheduler = await trial.scheduler({
    store: storeWith(store, {
      commit: async (operations) => {
        if (!isDying) return await store.commit(operations);
        if (kill === "after its commit") await store.commit(operations);
        throw new AppError("store_unavailable", "killed");
      },
    }),
  });
  isDying = true;
  return scheduler;
}

/** All due instants of its one schedule in (`fromMs`, `untilMs`]. */
function dueBetween(
  { schedules: [schedule] }: ParsedWorkflow,
  fromMs: number,
  untilMs: number,
): number[] {
  const due: number[] = [];
  const instants = schedule && instantsOf(schedule);
  let next = instants?.after(fromMs);
  while (next !== undefined && next <= untilMs) {
    due.push(next);
    next = instants?.after(next);
  }
  return due;
}

/** Advances through the steps, then starts everything that still waits, one by one. */
async function live(trial: Trial, store: SqliteStore, steps: readonly Step[]): Promise<void> {
  let scheduler = await trial.scheduler();
  for (const { byMs, kill } of steps) {
    trial.nowMs += byMs;
    if (kill.endsWith("commit")) {
      const dying = await dyingScheduler(trial, store, kill);
      await dying.advance().catch((thrown) => assert.equal(thrown.message, "killed"));
    }
    if (kill !== "no") scheduler = await trial.scheduler();
    await scheduler.advance();
    await trial.endAll();
  }
  for (let turn = 0; turn < turnsMax && scheduler.mayStartWaiting; turn++) {
    await scheduler.advance();
    await trial.endAll();
  }
}

Deno.test("no instant fires twice, whatever the clock, downtimes and kills", async () => {
  // from an hour back to a day forward
  const byMs = fc.oneof(
    { weight: 6, arbitrary: fc.integer({ min: 0, max: 3 * minuteMs }) },
    { weight: 1, arbitrary: fc.integer({ min: -60 * minuteMs, max: 24 * 60 * minuteMs }) },
  );
  const schedule = fc.record({
    every: fc.integer({ min: 20, max: 600 }),
    jitter: fc.integer({ min: 0, max: jitterMsMax / 1_000 }),
    overlap: fc.constantFrom("queue", "skip"),
    late: fc.constantFrom(
      { catch_up: "none" },
      { catch_up: "latest" },
      { catch_up: "all", catch_up_max: 5 },
    ),
  }).map(({ late, ...rest }) => ({ ...rest, ...late }));
  const schedules = fc.array(schedule, { minLength: 1, maxLength: 3 });
  await fc.assert(
    fc.asyncProperty(schedules, anySteps(byMs), async (schedules, steps) => {
      await using temp = await openTempStore();
      const trial = tryScheduler(temp.store, startAt);
      trial.workflows = schedules.map((schedule, i) => scheduled(`w_${i}`, schedule));
      await live(trial, temp.store, steps);
      const executions = await trial.executions();
      assert.equal(new Set(executions).size, executions.length, "an instant was fired twice");
      const firings = await temp.store.database.read("SELECT * FROM firings");
      assert.ok(firings.every(({ status }) => status !== "due"), "one is still to be started");
      const fired = firings.filter(({ status }) => status === "fired").map((
        { schedule_id, due_at },
      ) => `${schedule_id}@${new Date(Number(due_at)).toISOString()}`);
      assert.deepEqual(fired.sort(), executions, "an execution for each firing");
    }),
    { numRuns: 15, endOnFailure: true },
  );
});

Deno.test("with catch_up: all exactly the due instants are fired", async () => {
  // few enough to stay below catch_up_max, past which instants are left out by design
  const byMs = fc.integer({ min: -5 * minuteMs, max: 20 * minuteMs });
  const schedule = fc.record({
    every: fc.integer({ min: 120, max: 600 }),
    jitter: fc.integer({ min: 0, max: jitterMsMax / 1_000 }),
  });
  await fc.assert(
    fc.asyncProperty(schedule, anySteps(byMs), async (keys, steps) => {
      await using temp = await openTempStore();
      const trial = tryScheduler(temp.store, startAt);
      const rest = { overlap: "queue", catch_up: "all", catch_up_max: 1_000 };
      const workflow = scheduled("w", { ...keys, ...rest });
      trial.workflows = [workflow];
      const clock = steps.reduce<number[]>(
        (sums, { byMs }) => [...sums, (sums.at(-1) ?? trial.nowMs) + byMs],
        [],
      );
      const fromMs = trial.nowMs;
      const untilMs = Math.max(fromMs, ...clock);
      // after the jitter of everything that was due by the clock's latest reading
      const settled = { byMs: untilMs + jitterMsMax - (clock.at(-1) ?? 0), kill: "no" } as const;
      await live(trial, temp.store, [...steps, settled]);
      const fired = (await trial.executions())
        .map((execution) => Date.parse(execution.slice("w@".length)))
        // a clock that went back to before the start reaches earlier instants too
        .filter((dueMs) => dueMs > fromMs && dueMs <= untilMs);
      assert.deepEqual(fired, dueBetween(workflow, fromMs, untilMs));
    }),
    { numRuns: 10, endOnFailure: true },
  );
});
