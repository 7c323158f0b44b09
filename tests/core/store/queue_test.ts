/** Which execution is taken next: by priority, and the workflows in turn. */

import assert from "node:assert/strict";
import fc from "fast-check";
import { Turns } from "../../../core/engine/turns.ts";
import { newExecutionId } from "../../../core/ids.ts";
import { write } from "../../../core/store/sqlite/commits.ts";
import {
  claimExecution,
  createExecution,
  finishExecution,
  saveDefinition,
} from "../../../core/store/execution_verbs.ts";
import { queueLanes } from "../../../core/store/queue.ts";
import type { Store } from "../../../core/store/store.ts";
import { openTempStore } from "../../support/temp_store.ts";

const atMs = 1_000;

async function wait(
  { commits }: Store,
  name: string,
  count: number,
  priority = 0,
): Promise<string[]> {
  const ids = Array.from({ length: count }, newExecutionId);
  await commits.commit([
    write(saveDefinition, { definition_id: name, name, text: "", at: atMs }),
    ...ids.map((id) =>
      write(createExecution, {
        execution_id: id,
        name,
        definition_id: name,
        input: "{}",
        priority,
        at: atMs,
      })
    ),
  ]);
  return ids;
}

/** Begins and ends at once. */
async function finish({ commits }: Store, execution_id: string): Promise<void> {
  const ended = {
    status: "completed",
    result: null,
    error_code: null,
    error_message: null,
  } as const;
  await commits.commit([
    write(claimExecution, { execution_id, owner: "o", at: atMs, expires: atMs + 1 }),
    write(finishExecution, { execution_id, owner: "o", at: atMs, ...ended }),
  ]);
}

async function next({ executions }: Store, limit: number): Promise<string[]> {
  return (await executions.claimable(atMs, limit)).map(({ workflowName }) => workflowName);
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
  const [first = "", second = ""] = await wait(temp.store, "flood", 10);
  await wait(temp.store, "late", 2);
  await temp.store.commits.commit(
    [first, second].map((execution_id) =>
      write(claimExecution, { execution_id, owner: "o", at: atMs, expires: atMs + 1 })
    ),
  );
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
          const [row] = await temp.store.executions.claimable(atMs, slots, turns.served);
          if (!row) break;
          const { executionId, workflowName } = row;
          turns.serve(workflowName);
          await finish(temp.store, executionId);
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
  const found = await temp.store.executions.claimable(atMs, 10);
  assert.deepEqual(found.slice(0, 2).map(({ workflowName }) => workflowName), ["urgent", "urgent"]);
  assert.deepEqual(found.slice(2).map(({ executionId }) => executionId), [...usual, ...low]);
});

Deno.test("executions whose lease ran out come before all that wait", async () => {
  await using temp = await openTempStore();
  const [left = ""] = await wait(temp.store, "left", 1);
  await wait(temp.store, "urgent", 3, 100);
  await temp.store.commits.commit([
    write(claimExecution, { execution_id: left, owner: "dead", at: 0, expires: atMs }),
  ]);
  assert.deepEqual(await next(temp.store, 2), ["left", "urgent"]);
});

Deno.test("queueLanes() tells how many wait and since when", async () => {
  await using temp = await openTempStore();
  assert.deepEqual(await queueLanes(temp.store.database), []);
  await wait(temp.store, "w", 3);
  await wait(temp.store, "urgent", 1, 5);
  assert.deepEqual(await queueLanes(temp.store.database), [
    { workflowName: "urgent", priority: 5, count: 1, oldestAtMs: atMs },
    { workflowName: "w", priority: 0, count: 3, oldestAtMs: atMs },
  ]);
});
