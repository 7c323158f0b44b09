/** Schedules and firings: each due instant fires once, together with its execution. */

import assert from "node:assert/strict";
import { newExecutionId } from "../../../../core/ids.ts";
import type { CreateExecution } from "../../../../core/store/operations/executions.ts";
import type {
  CloseFiring,
  EnterFiring,
  SaveSchedule,
} from "../../../../core/store/operations/schedules.ts";
import type { Store } from "../../../../core/store/store.ts";
import { claim, createdIn, finish, startMs } from "../execution_operations.ts";
import type { Contract } from "./contract.ts";

function schedule(changes: Partial<SaveSchedule> = {}): SaveSchedule {
  const own = { scheduleId: "s", workflowName: "a", rule: "1m", isActive: true, atMs: startMs };
  return { kind: "save_schedule", ...own, ...changes };
}

function enter(dueAtMs: number, status: "due" | "skipped" = "due"): EnterFiring {
  const reason = status === "skipped" ? "overlap" : null;
  return { kind: "enter_firing", scheduleId: "s", dueAtMs, cause: "rule", status, reason };
}

/** Starts an execution for an instant, and closes its firing. */
function fire(dueAtMs: number, was: "none" | "due"): [CreateExecution, CloseFiring] {
  const executionId = newExecutionId();
  const own = { executionId, workflowName: "a", definitionId: "d-a", inputParams: "{}" };
  return [
    { kind: "create_execution", ...own, atMs: startMs, scheduleId: "s", dueAtMs, was },
    { kind: "close_firing", scheduleId: "s", dueAtMs, cause: "rule" },
  ];
}

async function firings(store: Store): Promise<unknown[]> {
  const rows = await store.read({ read: "firings", scheduleId: "s", limit: 10 });
  return rows.map(({ dueAtMs, status }) => `${dueAtMs} ${status}`);
}

export const scheduleContract: Contract = {
  "a schedule is decided from when its rule was made, changed or resumed": async (opened) => {
    const { store } = opened;
    const decided = async (): Promise<unknown> =>
      (await store.read({ read: "schedules" }))[0]?.decidedUntilMs;
    assert.deepEqual(await store.commit([schedule()]), [true]);
    assert.deepEqual(await store.commit([schedule({ atMs: startMs + 1 })]), [false], "the same");
    assert.equal(await decided(), startMs);
    await store.commit([schedule({ rule: "2m", atMs: startMs + 2 })]);
    assert.equal(await decided(), startMs + 2);
    await store.commit([enter(startMs + 3)]);
    assert.equal(await decided(), startMs + 3, "the latest firing by the rule");
    const pause = { kind: "pause_schedule", scheduleId: "s" } as const;
    await store.commit([{ ...pause, isPaused: true, atMs: startMs + 4 }]);
    await store.commit([{ ...pause, isPaused: false, atMs: startMs + 5 }]);
    assert.equal(await decided(), startMs + 5);
    await store.commit([schedule({ rule: "2m", isActive: false, atMs: startMs + 6 })]);
    await store.commit([schedule({ rule: "2m", atMs: startMs + 7 })]);
    assert.deepEqual(await store.read({ read: "schedules" }), [
      { id: "s", workflowName: "a", paused: false, active: true, decidedUntilMs: startMs + 7 },
    ]);
  },

  "an instant fires once, whoever tries, and only in the expected state": async ({ store }) => {
    await createdIn(store);
    await store.commit([schedule(), enter(2)]);
    assert.equal((await store.commit(fire(1, "due")))[0], false, "it does not wait");
    assert.equal((await store.commit(fire(2, "none")))[0], false, "it waits already");
    assert.deepEqual(await firings(store), ["2 due"]);
    const rivals = await Promise.all(
      [fire(1, "none"), fire(1, "none")].map((operations) => store.commit(operations)),
    );
    assert.deepEqual(rivals.map(([isStored]) => isStored).toSorted(), [false, true]);
    assert.equal((await store.commit(fire(2, "due")))[0], true);
    assert.deepEqual(await firings(store), ["2 fired", "1 fired"]);
    assert.deepEqual(await store.commit([enter(1), enter(2)]), [false, false]);
    const rows = await store.read({ read: "firings", scheduleId: "s", limit: 10 });
    for (const { executionId, firedAtMs } of rows) {
      assert.equal(firedAtMs, startMs);
      assert.ok(executionId && await store.read({ read: "execution", id: executionId }));
    }
  },

  "a firing can be skipped while it waits, but not once it has fired": async ({ store }) => {
    await createdIn(store);
    await store.commit([schedule(), enter(1), enter(2), enter(3, "skipped")]);
    await store.commit(fire(2, "due"));
    const skip = (dueAtMs: number) =>
      ({ kind: "skip_firing", scheduleId: "s", dueAtMs, reason: "queue_full" }) as const;
    assert.deepEqual(await store.commit([1, 2, 3].map(skip)), [true, false, false]);
    assert.deepEqual(await firings(store), ["3 skipped", "2 fired", "1 skipped"]);
  },

  "the oldest waiting firing may start when its schedule has no open execution": async (opened) => {
    const { store } = opened;
    await createdIn(store);
    await store.commit([schedule(), schedule({ scheduleId: "other" }), enter(2), enter(1)]);
    const startable = async (): Promise<number[]> =>
      (await store.read({ read: "startable_firings", limit: 9 })).map(({ dueAtMs }) => dueAtMs);
    const counts = async (): Promise<unknown> =>
      Object.fromEntries(await store.read({ read: "due_counts" }));
    assert.deepEqual([await startable(), await counts()], [[1], { s: 2 }]);
    const [create, close] = fire(1, "due");
    await store.commit([create, close]);
    assert.deepEqual([await startable(), await counts()], [[], { s: 1 }]);
    const ids = ["s", "other"];
    assert.deepEqual(await store.read({ read: "busy_schedules", ids }), ["s"]);
    await store.commit([
      claim(create.executionId, "o"),
      finish(create.executionId, "o", "failed"),
    ]);
    assert.deepEqual(await startable(), [2]);
    assert.deepEqual(await store.read({ read: "busy_schedules", ids }), []);
  },

  "waiting firings and the latest by the rule are not deleted": async ({ store }) => {
    await store.commit([
      schedule(),
      enter(1, "skipped"),
      enter(2),
      enter(3, "skipped"),
      { ...enter(4, "skipped"), cause: "backfill" },
    ]);
    const old = await store.read({ read: "forgettable_firings", beforeMs: 10, limit: 9 });
    assert.deepEqual(old.map(({ dueAtMs }) => dueAtMs).toSorted(), [1, 4]);
    const forget = (dueAtMs: number) =>
      ({ kind: "forget_firing", scheduleId: "s", dueAtMs }) as const;
    assert.deepEqual(await store.commit([1, 2, 4].map(forget)), [true, false, true]);
    assert.deepEqual(await firings(store), ["3 skipped", "2 due"]);
  },
};
