/** The order of claims: by priority, then the workflows in turn. */

import assert from "node:assert/strict";
import { type ExecutionId, newExecutionId } from "../../../../core/ids.ts";
import type { Store } from "../../../../core/store/store.ts";
import { claim, createdIn, finish, leaseMs, startMs } from "../execution_operations.ts";
import type { Contract } from "./contract.ts";

/** Stores many pending executions of one workflow at once. */
export async function wait(
  store: Store,
  name: string,
  count: number,
  priority = 0,
): Promise<ExecutionId[]> {
  const ids = Array.from({ length: count }, newExecutionId);
  const own = { workflowName: name, definitionId: `d-${name}`, atMs: startMs };
  await store.commit([
    { kind: "save_definition", ...own, text: "" },
    ...ids.map((executionId) => (
      { kind: "create_execution", ...own, executionId, inputParams: "{}", priority } as const
    )),
  ]);
  return ids;
}

async function next(store: Store, limit: number): Promise<string[]> {
  const found = await store.read({ read: "claimable", nowMs: startMs, limit });
  return found.map(({ workflowName }) => workflowName);
}

export const queueContract: Contract = {
  "interrupted executions come first, then pending ones, oldest first": async ({ store }) => {
    const ids = await wait(store, "w", 5);
    await store.commit(ids.slice(2, 3).map((id) => claim(id, "gone", startMs - leaseMs)));
    const found = async (limit: number): Promise<number[]> =>
      (await store.read({ read: "claimable", nowMs: startMs, limit }))
        .map(({ executionId }) => ids.indexOf(executionId));
    assert.deepEqual(await found(10), [2, 0, 1, 3, 4]);
    assert.deepEqual(await found(3), [2, 0, 1]);
    assert.equal(await store.read({ read: "pending_count" }), 4);
  },

  "many executions of one workflow starve no other": async ({ store }) => {
    await wait(store, "flood", 500);
    await wait(store, "late", 2);
    await wait(store, "later", 1);
    assert.deepEqual(await next(store, 3), ["flood", "late", "later"]);
    assert.deepEqual(await next(store, 6), [
      ...["flood", "late", "later"],
      ...["flood", "late", "flood"],
    ]);
  },

  "a running execution counts as a turn": async ({ store }) => {
    const flood = await wait(store, "flood", 10);
    await wait(store, "late", 2);
    await store.commit(flood.slice(0, 2).map((id) => claim(id, "o")));
    assert.deepEqual(await next(store, 3), ["late", "late", "flood"]);
  },

  "of equal workflows, the one served longest ago is next": async ({ store }) => {
    for (const name of ["a", "b", "c"]) await wait(store, name, 2);
    const served = { a: 3, b: 1, c: 2 };
    const found = await store.read({ read: "claimable", nowMs: startMs, limit: 3, served });
    assert.deepEqual(found.map(({ workflowName }) => workflowName), ["b", "c", "a"]);
  },

  "higher priority goes first; within a workflow, older executions go first": async (opened) => {
    const { store } = opened;
    const low = await wait(store, "w", 2, -1);
    const usual = await wait(store, "w", 2);
    await wait(store, "urgent", 2, 10);
    const found = await store.read({ read: "claimable", nowMs: startMs, limit: 10 });
    assert.deepEqual(await next(store, 2), ["urgent", "urgent"]);
    assert.deepEqual(found.slice(2).map(({ executionId }) => executionId), [...usual, ...low]);
  },

  "a concurrency key never has more open executions than its limit": async ({ store }) => {
    await createdIn(store, { name: "w" });
    const ids = Array.from({ length: 3 }, newExecutionId);
    const own = { workflowName: "w", definitionId: "d-w", atMs: startMs, inputParams: "{}" };
    const limit = { concurrencyKey: "w/k", concurrencyMax: 2 };
    await store.commit(ids.map((executionId) => (
      { kind: "create_execution", ...own, executionId, ...limit }
    )));
    const [first, second, third] = ids;
    assert.ok(first && second && third);
    const keyed = async (): Promise<ExecutionId[]> =>
      (await store.read({ read: "claimable", nowMs: startMs, limit: 9 }))
        .filter(({ concurrencyKey }) => concurrencyKey !== null)
        .map(({ executionId }) => executionId);
    await store.commit([claim(first, "o")]);
    assert.deepEqual(await keyed(), [second, third]);
    await store.commit([claim(second, "o")]);
    assert.deepEqual(await keyed(), []);
    await store.commit([finish(first, "o", "completed")]);
    assert.deepEqual(await keyed(), [third]);
  },

  "lanes count the waiting executions with the oldest instant; counts cover open ones": async (
    { store },
  ) => {
    assert.deepEqual(await store.read({ read: "queue_lanes" }), []);
    const [first] = await wait(store, "w", 3);
    assert.ok(first);
    await wait(store, "urgent", 1, 5);
    assert.deepEqual(await store.read({ read: "queue_lanes" }), [
      { workflowName: "urgent", priority: 5, count: 1, oldestAtMs: startMs },
      { workflowName: "w", priority: 0, count: 3, oldestAtMs: startMs },
    ]);
    await store.commit([claim(first, "o")]);
    assert.deepEqual(
      await store.read({ read: "open_counts" }),
      { pending: 3, running: 1, waiting: 0, paused: 0 },
    );
  },
};
