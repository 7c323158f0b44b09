/** Which execution is taken next: by priority, and the workflows in turn. */

import assert from "node:assert/strict";
import fc from "fast-check";
import { Turns } from "../../../core/engine/turns.ts";
import type { ExecutionId } from "../../../core/ids.ts";
import type { Store } from "../../../core/store/store.ts";
import { openTempStore } from "../../support/temp_store.ts";
import { claim, createdIn, finish, leaseMs } from "./execution_operations.ts";

const atMs = 1_000;

async function wait(
  store: Store,
  name: string,
  count: number,
  priority = 0,
): Promise<ExecutionId[]> {
  const ids: ExecutionId[] = [];
  while (ids.length < count) ids.push(await createdIn(store, { name, priority, at: atMs }));
  return ids;
}

/** Begins and ends at once. */
async function end(store: Store, id: ExecutionId): Promise<void> {
  await store.commit([claim(id, "o", atMs), finish(id, "o", "completed", { at: atMs })]);
}

async function next(store: Store, limit: number): Promise<string[]> {
  const found = await store.read({ read: "claimable", nowMs: atMs, limit });
  return found.map(({ workflowName }) => workflowName);
}

Deno.test("a flood of one workflow starves no other", async () => {
  await using temp = await openTempStore();
  await wait(temp.store, "flood", 500);
  await wait(temp.store, "late", 2);
  await wait(temp.store, "later", 1);
  assert.deepEqual(await next(temp.store, 3), ["flood", "late", "later"]);
  assert.deepEqual(await next(temp.store, 6), [
    ...["flood", "late", "later"],
    ...["flood", "late", "flood"],
  ]);
});

Deno.test("what runs already counts as a turn taken", async () => {
  await using temp = await openTempStore();
  const flood = await wait(temp.store, "flood", 10);
  await wait(temp.store, "late", 2);
  await temp.store.commit(flood.slice(0, 2).map((id) => claim(id, "o", atMs)));
  assert.deepEqual(await next(temp.store, 3), ["late", "late", "flood"]);
});

Deno.test("with one at a time, a flood starves no other either", async () => {
  await fc.assert(
    fc.asyncProperty(
      fc.array(fc.integer({ min: 1, max: 40 }), { minLength: 2, maxLength: 6 }),
      fc.integer({ min: 1, max: 3 }),
      async (counts, slots) => {
        await using temp = await openTempStore();
        for (const [index, count] of counts.entries()) await wait(temp.store, `w_${index}`, count);
        const turns = new Turns();
        const left = new Map(counts.map((count, index) => [`w_${index}`, count]));
        const waited = new Map<string, number>();
        for (let taken = 0; taken < 40; taken++) {
          const [row] = await temp.store.read({
            read: "claimable",
            nowMs: atMs,
            limit: slots,
            served: turns.served,
          });
          if (!row) break;
          const { executionId, workflowName } = row;
          turns.serve(workflowName);
          await end(temp.store, executionId);
          left.set(workflowName, (left.get(workflowName) ?? 0) - 1);
          for (const [name, count] of left) {
            waited.set(
              name,
              name === workflowName || count === 0 ? 0 : (waited.get(name) ?? 0) + 1,
            );
          }
          const longest = Math.max(...waited.values());
          assert.ok(longest < counts.length, `${longest} others went first: ${counts}`);
        }
      },
    ),
    { numRuns: 8, endOnFailure: true },
  );
});

Deno.test("a higher priority is taken first, the oldest of a workflow before its younger", async () => {
  await using temp = await openTempStore();
  const low = await wait(temp.store, "w", 2, -1);
  const usual = await wait(temp.store, "w", 2);
  await wait(temp.store, "urgent", 2, 10);
  const found = await temp.store.read({ read: "claimable", nowMs: atMs, limit: 10 });
  assert.deepEqual(found.slice(0, 2).map(({ workflowName }) => workflowName), ["urgent", "urgent"]);
  assert.deepEqual(found.slice(2).map(({ executionId }) => executionId), [...usual, ...low]);
});

Deno.test("executions whose lease ran out come before all that wait", async () => {
  await using temp = await openTempStore();
  const left = await createdIn(temp.store, { name: "left", at: atMs });
  await wait(temp.store, "urgent", 3, 100);
  await temp.store.commit([claim(left, "dead", atMs - leaseMs)]);
  assert.deepEqual(await next(temp.store, 2), ["left", "urgent"]);
});

Deno.test("the queue's lanes say how many wait and since when", async () => {
  await using temp = await openTempStore();
  assert.deepEqual(await temp.store.read({ read: "queue_lanes" }), []);
  await wait(temp.store, "w", 3);
  await wait(temp.store, "urgent", 1, 5);
  assert.deepEqual(await temp.store.read({ read: "queue_lanes" }), [
    { workflowName: "urgent", priority: 5, count: 1, oldestAtMs: atMs },
    { workflowName: "w", priority: 0, count: 3, oldestAtMs: atMs },
  ]);
});
