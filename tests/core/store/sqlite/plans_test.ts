/** Frequent queries use indexes, however long the history. */

import assert from "node:assert/strict";
import type { Database } from "../../../../core/store/sqlite/database.ts";
import { releaseAllLeases } from "../../../../core/store/sqlite/operations/executions.ts";
import { storeOver } from "../../../support/store_over.ts";
import { openTempStore } from "../../../support/temp_store.ts";
import { createdIn, startMs } from "../execution_operations.ts";

Deno.test("claiming and reading history never scan ended executions", async () => {
  await using temp = await openTempStore();
  const queries: string[] = [];
  const database: Database = {
    ...temp.store.database,
    read: (sql, args) => {
      queries.push(sql);
      return temp.store.database.read(sql, args);
    },
  };
  const store = storeOver(database);
  const id = await createdIn(store);
  await store.read({ read: "claimable", nowMs: startMs, limit: 5 });
  await store.read({ read: "pending_count" });
  await store.read({ read: "executions", workflowName: "a", limit: 5 });
  await store.read({ read: "executions", workflowName: "a", before: id, limit: 5 });
  await store.read({ read: "executions", limit: 5 });
  await store.read({ read: "steps", id });
  await store.read({ read: "lost_leases", ids: [id], owner: "me" });
  for (const sql of [...queries, releaseAllLeases.sql]) {
    const args = (sql.match(/\?\d?/g) ?? []).map(() => 1);
    const count = sql.includes("?1") ? new Set(sql.match(/\?\d/g)).size : args.length;
    const plan = await temp.store.database.read(`EXPLAIN QUERY PLAN ${sql}`, args.slice(0, count));
    const scans = plan.map(({ detail }) => String(detail))
      .filter((detail) => /^SCAN workflow_(step_)?executions$/.test(detail));
    // The whole history, newest first, may scan the key up to the limit.
    const allowed = /ORDER BY execution_id DESC/.test(sql) && !/workflow_name = /.test(sql) ? 1 : 0;
    assert.ok(scans.length <= allowed, `${sql}\n${scans.join("\n")}`);
  }
  assert.equal(queries.length, 7);
});
