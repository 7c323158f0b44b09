/** Retention deletes old executions with all their rows, and nothing else. */

import assert from "node:assert/strict";
import fc from "fast-check";
import { createLog } from "../../../core/log.ts";
import type { SqliteStore } from "../../../core/store/sqlite/store.ts";
import { Retention } from "../../../core/store/retention.ts";
import type { Store } from "../../../core/store/store.ts";
import { eventually } from "../../support/eventually.ts";
import { storeWith } from "../../support/store_over.ts";
import { openTempStore } from "../../support/temp_store.ts";
import { begin, claim, complete, createdIn, finish, startMs } from "./execution_operations.ts";

const dayMs = 86_400_000;

function retentionOf(
  store: Pick<Store, "read" | "commit">,
  lines: string[] = [],
  days = 90,
): Retention {
  const log = createLog({ threshold: "debug", write: (line) => lines.push(line), pretty: false });
  return new Retention({ store, days, log, now: () => startMs + 100 * dayMs });
}

async function count({ database }: SqliteStore, table: string): Promise<number> {
  return Number((await database.read(`SELECT count(*) AS count FROM ${table}`))[0]?.count);
}

Deno.test("forget() deletes old executions with their steps, and nothing else", async () => {
  const anExecution = fc.record({ endedDay: fc.nat({ max: 20 }), isOpen: fc.boolean() });
  await fc.assert(
    fc.asyncProperty(
      fc.array(anExecution, { maxLength: 120 }),
      fc.nat({ max: 21 }),
      async (executions, day) => {
        await using temp = await openTempStore();
        const { store } = temp;
        const kept: string[] = [];
        for (const { endedDay, isOpen } of executions) {
          const id = await createdIn(store);
          await store.commit([claim(id, "me"), begin(id, "me")]);
          const at = startMs + endedDay * dayMs;
          if (!isOpen) {
            await store.commit([
              complete(id, "me", { at }),
              finish(id, "me", "completed", { at }),
            ]);
          }
          if (isOpen || endedDay >= day) kept.push(id);
        }
        const forgotten = await retentionOf(store).forget(startMs + day * dayMs);
        assert.equal(forgotten, executions.length - kept.length);
        const rows = await store.database.read(
          "SELECT execution_id AS id FROM workflow_executions",
        );
        assert.deepEqual(rows.map(({ id }) => id).toSorted(), kept.toSorted());
        assert.equal(await count(store, "workflow_step_executions"), kept.length);
      },
    ),
    { numRuns: 10 },
  );
});

/** An execution that ended on a day, with a number of items. */
async function endedWithItems(store: SqliteStore, day: number, items: number): Promise<string> {
  const id = await createdIn(store);
  await store.commit([claim(id, "me")]);
  await store.commit([
    finish(id, "me", "completed", { at: startMs + day * dayMs }),
  ]);
  await store.database.write([{
    sql: `WITH RECURSIVE items (n) AS (SELECT 0 UNION ALL SELECT n + 1 FROM items WHERE n + 1 < ?2)
      INSERT INTO workflow_step_executions
        (execution_id, step_name, step_index, item, attempt, status, started_at, completed_at)
      SELECT ?1, 'each', 0, n, 1, 'completed', 0, 1 FROM items`,
    args: [id, items],
  }]);
  return id;
}

/** The store; it also records how many executions each transaction deletes. */
function counting(store: Store, counts: number[]): Store {
  return storeWith(store, {
    commit: (operations) => {
      counts.push(operations.length);
      return store.commit(operations);
    },
  });
}

Deno.test("a transaction deletes few rows, but never half an execution", async () => {
  await using temp = await openTempStore();
  const { store } = temp;
  for (const [day, items] of [1_200, 1_200, 5_000, 1, 1].entries()) {
    await endedWithItems(store, day, items);
  }
  const counts: number[] = [];
  const retention = retentionOf(counting(store, counts));
  assert.equal(await retention.forget(startMs + 90 * dayMs), 5);
  assert.deepEqual(counts, [2, 1, 2, 0]);
  assert.equal(await count(store, "workflow_step_executions"), 0);
});

Deno.test("large results count as the pages they occupy", async () => {
  await using temp = await openTempStore();
  const { store } = temp;
  for (const day of [1, 2, 3]) {
    const id = await endedWithItems(store, day, 1);
    await store.database.write([{
      sql: `INSERT INTO payloads (payload_id, execution_id, encoding, size_bytes, body)
        VALUES (?1, ?1, 'gzip_base64', ?2, '')`,
      args: [id, 16 * 2 ** 20],
    }]);
  }
  const counts: number[] = [];
  const retention = retentionOf(counting(store, counts));
  await retention.forget(startMs + 90 * dayMs);
  assert.deepEqual(counts, [1, 1, 1, 0]);
  assert.equal(await count(store, "payloads"), 0);
});

Deno.test("interrupted retention leaves executions whole, and the next one finishes", async () => {
  await using temp = await openTempStore();
  const { store } = temp;
  for (const day of [1, 2, 3]) await endedWithItems(store, day, 2_500);
  const died = new Error("the daemon died");
  let writes = 0;
  const cutOff = retentionOf(storeWith(store, {
    commit: (operations) => ++writes > 1 ? Promise.reject(died) : store.commit(operations),
  }));
  await assert.rejects(cutOff.forget(startMs + 90 * dayMs), died);
  const again = await temp.reopen();
  assert.equal(await count(again, "workflow_executions"), 2);
  assert.equal(await count(again, "workflow_step_executions"), 5_000);
  assert.equal(await retentionOf(again).forget(startMs + 90 * dayMs), 2);
  assert.equal(await count(again, "workflow_step_executions"), 0);
});

Deno.test("an open retention deletes what is older than its days and logs the count", async () => {
  await using temp = await openTempStore();
  const { store } = temp;
  for (const day of [1, 9, 11]) {
    const id = await createdIn(store);
    await store.commit([claim(id, "me")]);
    await store.commit([finish(id, "me", "failed", { at: startMs + day * dayMs })]);
  }
  const lines: string[] = [];
  const retention = retentionOf(store, lines);
  retention.open();
  await eventually(() => lines.length > 0);
  await retention.close();
  assert.match(lines[0] ?? "", /executions forgotten.*"count":2,"days":90/);
  assert.equal(await count(store, "workflow_executions"), 1);
});

Deno.test("with 0 days nothing is ever deleted", async () => {
  await using temp = await openTempStore();
  const id = await createdIn(temp.store);
  await temp.store.commit([claim(id, "me")]);
  await temp.store.commit([finish(id, "me", "completed")]);
  const retention = retentionOf(temp.store, [], 0);
  retention.open();
  await retention.close();
  assert.equal(await count(temp.store, "workflow_executions"), 1);
});
