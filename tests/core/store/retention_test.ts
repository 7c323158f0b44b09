/** What ended long ago is forgotten, all of it and nothing else. */

import assert from "node:assert/strict";
import fc from "fast-check";
import { createLog } from "../../../core/log.ts";
import { Retention } from "../../../core/store/retention.ts";
import type { Store } from "../../../core/store/store.ts";
import { eventually } from "../../support/eventually.ts";
import { openTempStore } from "../../support/temp_store.ts";
import { begin, claim, complete, createdIn, finish, startMs } from "./execution_writes.ts";

const dayMs = 86_400_000;

function retentionOf({ database }: Store, lines: string[] = [], days = 90): Retention {
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
