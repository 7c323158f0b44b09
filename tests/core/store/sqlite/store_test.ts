/** Opening and closing the store, and what it refuses to open. */

import assert from "node:assert/strict";
import { join } from "node:path";
import { pathToFileURL } from "node:url";
import { openStore } from "../../../../core/store/sqlite/open.ts";
import type { Store } from "../../../../core/store/store.ts";
import { startScript } from "../../../support/child_script.ts";
import { makeTempFolder } from "../../../support/temp_folder.ts";
import { migrationsFolder, openTempStore } from "../../../support/temp_store.ts";
import type { SaveDefinition } from "../../../../core/store/operations/executions.ts";

function open(path: string): Promise<Store> {
  return openStore({ url: pathToFileURL(path).href, migrationsFolder, onFatal: assert.fail });
}

async function filesIn(folder: string): Promise<string[]> {
  return (await Array.fromAsync(Deno.readDir(folder))).map(({ name }) => name).sort();
}

const definition: SaveDefinition = {
  kind: "save_definition",
  definitionId: "d",
  workflowName: "a",
  text: "t",
  atMs: 1,
};

Deno.test("a reopened store has all committed data", async () => {
  await using temp = await openTempStore();
  // Not awaited: closing commits pending calls.
  const commit = temp.store.commit([definition]);
  const store = await temp.reopen();
  assert.deepEqual(await commit, [true]);
  assert.equal(await store.read({ read: "definition_text", definitionId: "d" }), "t");
});

Deno.test("a local store uses WAL and flushes at each commit", async () => {
  await using temp = await openTempStore({ busyTimeoutMs: 1234 });
  const pragma = async (name: string): Promise<unknown> =>
    Object.values((await temp.store.database.read(`PRAGMA ${name}`))[0] ?? {})[0];
  assert.equal(await pragma("journal_mode"), "wal");
  assert.equal(await pragma("synchronous"), 2);
  assert.equal(await pragma("foreign_keys"), 1);
  assert.equal(await pragma("busy_timeout"), 1234);
});

Deno.test("a second daemon is refused while the first holds the store", async () => {
  await using temp = await openTempStore();
  const refused = { code: "already_running", message: /AC100_DATA_DIR/ };
  await assert.rejects(open(temp.path), refused);
  await temp.store.close();
  const second = await open(temp.path);
  await second.close();
  await temp.reopen();
});

Deno.test("a store held by another process is refused until that process ends", async () => {
  await using folder = await makeTempFolder();
  const path = join(folder.path, "test.db");
  await using holder = await startScript("store_holder.ts", ["lock", pathToFileURL(path).href]);
  await assert.rejects(open(path), { code: "already_running" });
  assert.deepEqual(await filesIn(folder.path), ["test.db", "test.db.lock"]);
  await holder.kill();
  await (await open(path)).close();
});

Deno.test("a file that is not a database is refused and left unchanged", async () => {
  const text = "this is not a database\n".repeat(1_000);
  await using folder = await makeTempFolder({ "test.db": text });
  const path = join(folder.path, "test.db");
  for (const _ of ["once", "again: the first try leaves nothing behind"]) {
    await assert.rejects(open(path), {
      code: "store_unavailable",
      message: /^Cannot open database "file:.*test\.db": .*not a database.*AC100_DATABASE_URL$/,
    });
  }
  assert.equal(await Deno.readTextFile(path), text);
  assert.deepEqual(await filesIn(folder.path), ["test.db", "test.db.lock"]);
});

Deno.test("a truncated database is refused", async () => {
  await using temp = await openTempStore();
  await temp.store.close();
  const { size } = await Deno.stat(temp.path);
  await Deno.truncate(temp.path, Math.floor(size / 3));
  await assert.rejects(open(temp.path), { code: "store_unavailable", message: /malformed/ });
  await Deno.remove(temp.path);
  await temp.reopen();
});

Deno.test("a folder in place of the database is refused", async () => {
  await using folder = await makeTempFolder();
  const path = join(folder.path, "test.db");
  await Deno.mkdir(path);
  await assert.rejects(open(path), { code: "store_unavailable", message: /^Cannot open database/ });
  assert.deepEqual(await filesIn(path), []);
});

Deno.test("a database in a missing folder is refused, and the folder is not created", async () => {
  await using folder = await makeTempFolder();
  await assert.rejects(open(join(folder.path, "missing", "test.db")), {
    code: "store_unavailable",
    message: /check the folder's permissions/,
  });
  assert.deepEqual(await filesIn(folder.path), []);
});

Deno.test({
  name: "a database in a read-only folder is refused",
  ignore: Deno.uid() === 0, // root may write everywhere
  fn: async () => {
    await using folder = await makeTempFolder();
    await Deno.chmod(folder.path, 0o500);
    await assert.rejects(open(join(folder.path, "test.db")), {
      code: "store_unavailable",
      message: /check the folder's permissions/,
    });
    await Deno.chmod(folder.path, 0o700);
    assert.deepEqual(await filesIn(folder.path), []);
  },
});

Deno.test("a migration that fails releases the lock and the database", async () => {
  await using folder = await makeTempFolder({ "0001_bad.sql": "CREATE TABLE" });
  const url = pathToFileURL(join(folder.path, "test.db")).href;
  const openBad = (): Promise<Store> =>
    openStore({ url, migrationsFolder: folder.path, onFatal: assert.fail });
  await assert.rejects(openBad(), { message: /0001_bad\.sql/ });
  await folder.write("0001_bad.sql", "CREATE TABLE a (x INTEGER) STRICT");
  await (await openBad()).close();
});
