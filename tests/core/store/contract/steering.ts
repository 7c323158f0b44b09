/** Steering: immediate if nobody holds the execution, else stored for its owner; status decides. */

import assert from "node:assert/strict";
import type { ExecutionId } from "../../../../core/ids.ts";
import type { SteeringOperation } from "../../../../core/store/operations/steering.ts";
import type { Store } from "../../../../core/store/store.ts";
import { begin, claim, complete, createdIn, finish, startMs } from "../execution_operations.ts";
import type { Contract } from "./contract.ts";

type Simple = Exclude<SteeringOperation["kind"], "supersede_steps">;

/** Steers; returns whether it took effect and the execution's state. */
async function steer(store: Store, kind: Simple, executionId: ExecutionId): Promise<unknown[]> {
  const [isApplied] = await store.commit([{ kind, executionId }]);
  const row = await store.read({ read: "execution", id: executionId });
  return [isApplied, row?.status, row?.wanted];
}

async function parked(store: Store, status: "waiting" | "paused"): Promise<ExecutionId> {
  const executionId = await createdIn(store);
  const wakeAtMs = status === "waiting" ? startMs + 5 : null;
  await store.commit([claim(executionId, "me")]);
  await store.commit([{ kind: "park_execution", executionId, owner: "me", status, wakeAtMs }]);
  return executionId;
}

export const steeringContract: Contract = {
  "an execution that nobody holds is paused and resumed at once": async ({ store }) => {
    const pending = await createdIn(store);
    assert.deepEqual(await steer(store, "pause_execution", pending), [true, "paused", null]);
    assert.deepEqual(await steer(store, "pause_execution", pending), [false, "paused", null]);
    assert.deepEqual(await steer(store, "resume_execution", pending), [true, "pending", null]);
    const waiting = await parked(store, "waiting");
    assert.deepEqual(await steer(store, "pause_execution", waiting), [true, "paused", null]);
    assert.deepEqual(await steer(store, "resume_execution", waiting), [true, "running", null]);
  },

  "for an execution with an owner, only the request is stored": async ({ store }) => {
    const id = await createdIn(store);
    await store.commit([claim(id, "me")]);
    assert.deepEqual(await steer(store, "pause_execution", id), [true, "running", "pause"]);
    assert.deepEqual(await steer(store, "resume_execution", id), [true, "running", null]);
    assert.deepEqual(await steer(store, "cancel_execution", id), [true, "running", "cancel"]);
    assert.deepEqual(await steer(store, "pause_execution", id), [false, "running", "cancel"]);
    assert.deepEqual(await store.commit([finish(id, "me", "cancelled")]), [true]);
    assert.deepEqual(await steer(store, "cancel_execution", id), [false, "cancelled", null]);
  },

  "a parked execution can be claimed when its wait is over or when it is woken": async (opened) => {
    const { store } = opened;
    const [waiting, paused] = [await parked(store, "waiting"), await parked(store, "paused")];
    const claimable = async (nowMs: number): Promise<string[]> =>
      (await store.read({ read: "claimable", nowMs, limit: 9 })).map((row) => row.executionId);
    assert.deepEqual(await claimable(startMs + 4), []);
    assert.deepEqual(await store.commit([claim(waiting, "me", startMs + 4)]), [false]);
    assert.deepEqual(await claimable(startMs + 5), [waiting]);
    assert.deepEqual(await steer(store, "cancel_execution", paused), [true, "running", "cancel"]);
    assert.deepEqual((await claimable(startMs + 5)).toSorted(), [waiting, paused].toSorted());
    assert.deepEqual(await store.commit([claim(waiting, "me", startMs + 5)]), [true]);
  },

  "a retry reopens a failed execution and supersedes its failed steps": async (opened) => {
    const { store } = opened;
    const id = await createdIn(store);
    await store.commit([
      claim(id, "me"),
      ...[0, 1, 2].map((index) => begin(id, "me", { index })),
    ]);
    await store.commit([
      complete(id, "me"),
      complete(id, "me", { index: 1, status: "failed" }),
      complete(id, "me", { index: 2 }),
      finish(id, "me", "failed"),
    ]);
    const again = [
      { kind: "retry_execution", executionId: id },
      { kind: "supersede_steps", executionId: id, steps: [0, 1], finallyIndex: 2 },
    ] as const;
    assert.deepEqual(await store.commit(again), [true, true]);
    const row = await store.read({ read: "execution", id });
    assert.deepEqual([row?.status, row?.completedAtMs, row?.error], ["running", null, null]);
    const steps = await store.read({ read: "steps", id });
    assert.deepEqual(steps.map(({ isSuperseded }) => isSuperseded), [false, true, true]);
    await store.commit([claim(id, "me")]);
    assert.deepEqual(await store.commit(again), [false, false], "it runs");
  },
};
