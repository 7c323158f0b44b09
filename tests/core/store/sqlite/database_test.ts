/** The store's connection: locks held by other connections, and what it refuses. */

import assert from "node:assert/strict";
import { createClient } from "@libsql/client";
import type { SaveDefinition } from "../../../../core/store/operations/executions.ts";
import { openDatabase } from "../../../../core/store/sqlite/database.ts";
import { startScript } from "../../../support/child_script.ts";
import { makeTempFolder } from "../../../support/temp_folder.ts";
import { openTempStore } from "../../../support/temp_store.ts";

function entry(definitionId: string): SaveDefinition {
  return { kind: "save_definition", definitionId, workflowName: "w", text: "", atMs: 0 };
}

const idsSql = "SELECT definition_id AS id FROM workflow_definitions ORDER BY id";

/** The ids on disk, read through a separate connection. */
async function idsOnDisk(url: string): Promise<unknown[]> {
  const client = createClient({ url, concurrency: 1 });
  try {
    return (await client.execute(idsSql)).rows.map(({ id }) => id);
  } finally {
    client.close();
  }
}

Deno.test("a lock that outlasts the busy timeout is fatal: nothing more is acknowledged", async () => {
  await using temp = await openTempStore({ busyTimeoutMs: 50 });
  const { store } = temp;
  const { database } = store;
  await store.commit([entry("before")]);
  const other = createClient({ url: temp.url, concurrency: 1 });
  const transaction = await other.transaction("write");
  const busy = { code: "store_unavailable", message: /SQLITE_BUSY/ };
  const during = ["one", "two", "three"].map((id) => store.commit([entry(id)]));
  for (const commit of during) await assert.rejects(commit, busy);
  await transaction.rollback();
  other.close();
  // The lock is gone, but this connection's answers can no longer be trusted.
  await assert.rejects(store.commit([entry("after")]), busy);
  await assert.rejects(database.read("SELECT 1"), busy);
  await assert.rejects(database.script("SELECT 1"), busy);
  assert.equal(temp.fatal.length, 1);
  assert.deepEqual(await idsOnDisk(temp.url), ["before"]);
  // The next daemon works.
  const next = await temp.reopen();
  assert.deepEqual(await next.commit([entry("next")]), [true]);
  assert.deepEqual(await idsOnDisk(temp.url), ["before", "next"]);
});

Deno.test("a lock that another process releases in time is waited for", async () => {
  await using temp = await openTempStore({ busyTimeoutMs: 10_000 });
  await using _holder = await startScript("store_holder.ts", ["write", temp.url, "250"]);
  assert.deepEqual(await temp.store.commit([entry("a")]), [true]);
  assert.deepEqual(await idsOnDisk(temp.url), ["a"]);
  assert.equal(temp.fatal.length, 0);
});

Deno.test("a lock that another process keeps is fatal, and refused writes are not stored", async () => {
  await using temp = await openTempStore({ busyTimeoutMs: 50 });
  await using holder = await startScript("store_holder.ts", ["write", temp.url]);
  await assert.rejects(temp.store.commit([entry("a")]), { code: "store_unavailable" });
  await holder.kill();
  await assert.rejects(temp.store.commit([entry("b")]), { code: "store_unavailable" });
  assert.equal(temp.fatal.length, 1);
  assert.deepEqual(await idsOnDisk(temp.url), []);
});

Deno.test("an error in one statement rolls back its transaction and is not fatal", async () => {
  await using temp = await openTempStore({ busyTimeoutMs: 50 });
  const { database } = temp.store;
  const insertSql = "INSERT INTO workflow_definitions VALUES (?, 'w', '', 0)";
  await assert.rejects(
    database.write([
      { sql: insertSql, args: ["a"] },
      { sql: insertSql, args: ["a"] },
    ]),
    { code: "store_unavailable", message: /^Cannot use the database: .*UNIQUE/ },
  );
  await assert.rejects(database.script(`${insertSql.replace("?", "'b'")}; SELECT nonsense`), {
    code: "store_unavailable",
  });
  assert.deepEqual(await idsOnDisk(temp.url), []);
  await database.write([{ sql: insertSql, args: ["c"] }]);
  assert.deepEqual(await idsOnDisk(temp.url), ["c"]);
  assert.equal(temp.fatal.length, 0);
});

Deno.test("an address that is not a libSQL URL is refused by name", async () => {
  await assert.rejects(openDatabase("nonsense://x", assert.fail), {
    code: "store_unavailable",
    message: /^Cannot open database "nonsense:\/\/x": .*; check the address/,
  });
});

Deno.test("a closed store refuses reads and writes", async () => {
  await using temp = await openTempStore({ busyTimeoutMs: 50 });
  const { store } = temp;
  const { database } = store;
  await store.close();
  await assert.rejects(database.read("SELECT 1"), { code: "store_unavailable", message: /closed/ });
  await assert.rejects(store.commit([entry("a")]), { code: "store_unavailable" });
  assert.equal(temp.fatal.length, 0);
});

Deno.test("after a failure the connection gets its settings again", async () => {
  await using folder = await makeTempFolder();
  const database = await openDatabase(`file:${folder.path}/test.db`, (error) => {
    throw error;
  });
  // Simulates a connection that the client opened by itself.
  await database.read("PRAGMA foreign_keys = OFF");
  await database.read("PRAGMA synchronous = OFF");
  await assert.rejects(database.read("SELECT nonsense"), { code: "store_unavailable" });
  assert.equal((await database.read("PRAGMA foreign_keys"))[0]?.foreign_keys, 1);
  assert.equal((await database.read("PRAGMA synchronous"))[0]?.synchronous, 2);
  await database.close();
});
