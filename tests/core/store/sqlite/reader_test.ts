/** Long reads on their own thread: alongside writes, bounded, and after the thread dies. */

import assert from "node:assert/strict";
import { join } from "node:path";
import { pathToFileURL } from "node:url";
import { Reader } from "../../../../core/store/sqlite/reader.ts";
import { openTempStore, type TempStore } from "../../../support/temp_store.ts";
import { createdIn } from "../execution_operations.ts";

const countSql = "SELECT count(*) AS count FROM workflow_executions";
/** Takes far longer than a test. */
const endlessSql = `WITH RECURSIVE n (i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n)
  SELECT max(i) FROM n LIMIT 1 OFFSET 1`;

function readerOf({ url, store: { database } }: TempStore): Reader & Disposable {
  const reader = new Reader({ url, database });
  return Object.assign(reader, { [Symbol.dispose]: () => reader.close() });
}

Deno.test("a reader sees committed data and returns plain rows", async () => {
  await using temp = await openTempStore();
  using reader = readerOf(temp);
  assert.deepEqual(await reader.read(countSql), [{ count: 0 }]);
  await createdIn(temp.store);
  assert.deepEqual(await reader.read(countSql), [{ count: 1 }]);
  assert.deepEqual(
    await reader.read("SELECT ? AS text, ? AS number, ? AS missing", ["a", 1.5, null]),
    [{ text: "a", number: 1.5, missing: null }],
  );
});

Deno.test("a reader cannot write, and reports errors in a statement", async () => {
  await using temp = await openTempStore();
  using reader = readerOf(temp);
  await assert.rejects(reader.read("DELETE FROM workflow_executions"), {
    code: "store_unavailable",
    message: /readonly|query_only/,
  });
  await assert.rejects(reader.read("SELECT nonsense"), { message: /no such column: nonsense/ });
  assert.equal((await reader.read(countSql)).length, 1);
});

Deno.test("reads beyond the bound are refused; closing fails open reads, and later reads work", async () => {
  await using temp = await openTempStore();
  using reader = readerOf(temp);
  const slow =
    "WITH RECURSIVE n (i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < 3000000) " +
    "SELECT max(i) AS most FROM n";
  const reads = Promise.allSettled(Array.from({ length: 101 }, () => reader.read(slow)));
  assert.equal(await reader.read("SELECT 1").catch(({ code }) => code), "overloaded");
  // The thread has not started to read yet.
  reader.close();
  const ends = await reads;
  const codes = ends.map((end) => end.status === "rejected" ? end.reason.code : "read");
  assert.deepEqual([codes[0], codes[99], codes[100]], [
    "store_unavailable",
    "store_unavailable",
    "overloaded",
  ]);
  assert.deepEqual(await reader.read(slow), [{ most: 3_000_000 }]);
});

Deno.test("a read that takes too long fails, and the next one uses another thread", async () => {
  await using temp = await openTempStore();
  const { store: { database }, url } = temp;
  const reader = new Reader({ url, database, timeoutMs: 300 });
  const bounded = endlessSql.replace("FROM n)", "FROM n WHERE i < 20000000)");
  await assert.rejects(reader.read(bounded), { message: /it took over 300 ms/ });
  const again = new Reader({ url, database });
  assert.deepEqual(await again.read(countSql), [{ count: 0 }]);
  again.close();
  reader.close();
});

Deno.test("when the thread dies, open reads fail and the next read starts another", async () => {
  await using temp = await openTempStore();
  const folder = join(temp.folder.path, "later");
  const url = pathToFileURL(join(folder, "other.db")).href;
  const reader = new Reader({ url, database: temp.store.database });
  // Without the folder, the thread dies while opening the file.
  const ends = await Promise.allSettled([reader.read("SELECT 1 AS n"), reader.read("SELECT 2")]);
  for (const end of ends) {
    assert.ok(end.status === "rejected");
    assert.equal(end.reason.code, "store_unavailable");
    assert.match(end.reason.message, /its thread ended/);
  }
  await Deno.mkdir(folder);
  assert.deepEqual(await reader.read("SELECT 1 AS n"), [{ n: 1 }]);
  reader.close();
});

Deno.test("a server's database is read over the store's own connection", async () => {
  await using temp = await openTempStore();
  const { database } = temp.store;
  const reader = new Reader({ url: "libsql://elsewhere", database });
  assert.equal((await reader.read(countSql))[0]?.count, 0);
  reader.close();
});
