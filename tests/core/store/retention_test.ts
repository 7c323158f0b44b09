/** What ended long ago is forgotten, all of it and nothing else. */

import assert from "node:assert/strict";
import fc from "fast-check";
import { createLog } from "../../../core/log.ts";
import type { Database } from "../../../core/store/sqlite/database.ts";
import { Retention } from "../../../core/store/retention.ts";
import type { Store } from "../../../core/store/store.ts";
import { eventually } from "../../support/eventually.ts";
import { openTempStore } from "../../support/temp_store.ts";
import { begin, claim, complete, createdIn, finish, startMs } from "./execution_writes.ts";

const dayMs = 86_400_000;

function retentionOf(
  { database }: { readonly database: Pick<Database, "write"> },
  lines: string[] = [],
  days = 90,
): Retention {
  const log = createLog({ threshold: "debug", write: (line) => lines.push(line), pretty: false });
  return new Retention({ database, days, log, now: () => startMs + 100 * dayMs });
}

async function count({ database }: Store, table: string): Promise<number> {
  return Number((await database.read(`SELECT count(*) AS count FROM ${table}`))[0]?.count);
}

Deno.test("forget() takes what ended before an instant, with its steps, and nothing else", async () => {
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
          await store.commits.commit([claim(id, "me"), begin(id, "me")]);
          const at = startMs + endedDay * dayMs;
          if (!isOpen) {
            await store.commits.commit([
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

/** An execution that ended on a day, with so many items. */
async function endedWithItems(store: Store, day: number, items: number): Promise<string> {
  const id = await createdIn(store);
  await store.commits.commit([claim(id, "me")]);
  await store.commits.commit([
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

/** The store's database, that tells how many executions each transaction forgot. */
function counting({ database }: Store, counts: number[]): Pick<Database, "write"> {
  return {
    write: async (statements) => {
      const results = await database.write(statements);
      counts.push(results[0]?.length ?? 0);
      return results;
    },
  };
}

Deno.test("a transaction forgets few rows, but never half an execution", async () => {
  await using temp = await openTempStore();
  const { store } = temp;
  for (const [day, items] of [1_200, 1_200, 5_000, 1, 1].entries()) {
    await endedWithItems(store, day, items);
  }
  const counts: number[] = [];
  const retention = retentionOf({ ...store, database: counting(store, counts) });
  assert.equal(await retention.forget(startMs + 90 * dayMs), 5);
  assert.deepEqual(counts, [2, 1, 2, 0]);
  assert.equal(await count(store, "workflow_step_executions"), 0);
});

Deno.test("large results weigh as the pages they take", async () => {
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
  const retention = retentionOf({ ...store, database: counting(store, counts) });
  await retention.forget(startMs + 90 * dayMs);
  assert.deepEqual(counts, [1, 1, 1, 0]);
  assert.equal(await count(store, "payloads"), 0);
});

Deno.test("forgetting that is cut off leaves executions whole, and the next one ends it", async () => {
  await using temp = await openTempStore();
  const { store } = temp;
  for (const day of [1, 2, 3]) await endedWithItems(store, day, 2_500);
  const died = new Error("the daemon died");
  let writes = 0;
  const write: Database["write"] = (statements) =>
    ++writes > 1 ? Promise.reject(died) : store.database.write(statements);
  const cutOff = retentionOf({ ...store, database: { write } });
  await assert.rejects(cutOff.forget(startMs + 90 * dayMs), died);
  const again = await temp.reopen();
  assert.equal(await count(again, "workflow_executions"), 2);
  assert.equal(await count(again, "workflow_step_executions"), 5_000);
  assert.equal(await retentionOf(again).forget(startMs + 90 * dayMs), 2);
  assert.equal(await count(again, "workflow_step_executions"), 0);
});

Deno.test("an opened retention forgets what is older than its days, and says how many", async () => {
  await using temp = await openTempStore();
  const { store } = temp;
  for (const day of [1, 9, 11]) {
    const id = await createdIn(store);
    await store.commits.commit([claim(id, "me")]);
    await store.commits.commit([finish(id, "me", "failed", { at: startMs + day * dayMs })]);
  }
  const lines: string[] = [];
  const retention = retentionOf(store, lines);
  retention.open();
  await eventually(() => lines.length > 0);
  await retention.close();
  assert.match(lines[0] ?? "", /executions forgotten.*"count":2,"days":90/);
  assert.equal(await count(store, "workflow_executions"), 1);
});

Deno.test("with 0 days nothing is ever forgotten", async () => {
  await using temp = await openTempStore();
  const id = await createdIn(temp.store);
  await temp.store.commits.commit([claim(id, "me")]);
  await temp.store.commits.commit([finish(id, "me", "completed")]);
  const retention = retentionOf(temp.store, [], 0);
  retention.open();
  await retention.close();
  assert.equal(await count(temp.store, "workflow_executions"), 1);
});
