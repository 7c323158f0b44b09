/** A backup takes a database's place: checked, whole, with the replaced one kept. */

import assert from "node:assert/strict";
import { basename, join } from "node:path";
import { pathToFileURL } from "node:url";
import type { Restored } from "../../../../../core/store/backups.ts";
import { restoreDatabase } from "../../../../../core/store/sqlite/backup/restore.ts";
import { lockDatabase } from "../../../../../core/store/sqlite/lock.ts";
import { openStore } from "../../../../../core/store/sqlite/open.ts";
import type { SqliteStore } from "../../../../../core/store/sqlite/store.ts";
import { startScript } from "../../../../support/child_script.ts";
import { migrationsWith, newestSchema } from "../../../../support/next_release.ts";
import { orphanExecutions } from "../../../../support/orphans.ts";
import { readRows } from "../../../../support/read_rows.ts";
import { mountSmallDisk, whyNoSmallDisk } from "../../../../support/small_disk.ts";
import { makeTempFolder, type TempFolder } from "../../../../support/temp_folder.ts";
import { migrationsFolder } from "../../../../support/temp_store.ts";
import { createdIn } from "../../execution_operations.ts";

const whyNoDisk = whyNoSmallDisk();
const ifDisk = whyNoDisk === undefined ? "" : ` (not here: ${whyNoDisk})`;

/** A database "data/100ac.db" with the execution `now`, and a backup of it with `then`. */
interface Trial extends AsyncDisposable {
  readonly folder: TempFolder;
  readonly path: string;
  readonly url: string;
  readonly backup: string;
  readonly then: string;
  readonly now: string;
  restore(file?: string): Promise<Restored>;
}

async function beginTrial(): Promise<Trial> {
  const folder = await makeTempFolder();
  await Deno.mkdir(join(folder.path, "data"));
  const path = join(folder.path, "data", "100ac.db");
  const url = pathToFileURL(path).href;
  const first = await open(url);
  const then = await createdIn(first);
  const { path: backup } = await first.backups.make({ name: "then.db" });
  await first.close();
  await removeAll(path);
  const second = await open(url);
  const now = await createdIn(second);
  await second.close();
  await leave(path);
  return {
    folder,
    path,
    url,
    backup,
    then,
    now,
    restore: (file = backup) => restoreDatabase({ url, file, migrationsFolder }),
    [Symbol.asyncDispose]: folder[Symbol.asyncDispose],
  };
}

function open(url: string, folder = migrationsFolder): Promise<SqliteStore> {
  return openStore({ url, migrationsFolder: folder, onFatal: assert.fail });
}

async function removeAll(path: string): Promise<void> {
  for (const part of ["", "-wal", "-shm"]) {
    await Deno.remove(`${path}${part}`).catch((thrown) => {
      if (!(thrown instanceof Deno.errors.NotFound)) throw thrown;
    });
  }
}

/**
 * Leaves a database as the end of its process does: the driver keeps a closed one open until then.
 */
async function leave(path: string): Promise<void> {
  await Deno.copyFile(path, `${path}.left`);
  await removeAll(path);
  await Deno.rename(`${path}.left`, path);
}

/** Read from a copy: see {@link leave}. */
async function idsIn(path: string): Promise<unknown[]> {
  await using folder = await makeTempFolder();
  const copy = join(folder.path, "copy.db");
  for (const part of ["", "-wal"]) {
    await Deno.copyFile(`${path}${part}`, `${copy}${part}`).catch((thrown) => {
      if (!(thrown instanceof Deno.errors.NotFound)) throw thrown;
    });
  }
  const sql = "SELECT execution_id FROM workflow_executions";
  const rows = await readRows(pathToFileURL(copy).href, sql);
  return rows.map((row) => row["execution_id"]);
}

/** The files beside the database, other than its lock and the folder of backups. */
async function beside({ path }: Trial): Promise<string[]> {
  const names = (await Array.fromAsync(Deno.readDir(join(path, "..")))).map(({ name }) => name);
  return names.filter((name) => !name.endsWith(".lock") && name !== "backups").sort();
}

/** Refuses the file, and nothing beside the database has changed. */
async function assertRefused(
  trial: Trial,
  file: string,
  found: RegExp,
  code = "backup_refused",
): Promise<void> {
  const before = await beside(trial);
  await assert.rejects(trial.restore(file), { code, message: found });
  assert.deepEqual(await beside(trial), before);
  assert.deepEqual(await idsIn(trial.path), [trial.now]);
}

Deno.test("a backup takes the database's place, and the replaced one is kept whole", async () => {
  await using trial = await beginTrial();
  const { database, kept = "", schemaVersion, executions, ...rest } = await trial.restore();
  assert.equal(database, trial.path);
  assert.deepEqual([schemaVersion, executions], [newestSchema, 1]);
  assert.deepEqual(rest, { bars: 0, newestSchemaVersion: newestSchema });
  assert.match(basename(kept), /^100ac\.db\.before-restore-\d{4}-\d\d-\d\dT[\d-]+Z$/);
  assert.deepEqual(await beside(trial), [basename(trial.path), basename(kept)]);
  for (const path of [trial.path, kept]) {
    assert.equal(((await Deno.stat(path)).mode ?? 0) & 0o777, 0o600);
  }
  assert.deepEqual(await idsIn(kept), [trial.now]);
  const store = await open(trial.url);
  assert.deepEqual(await idsIn(trial.path), [trial.then]);
  await createdIn(store);
  await store.close();
  await leave(trial.path);
  assert.deepEqual(await idsIn(trial.backup), [trial.then], "the backup is only read");
  await trial.restore(kept);
  assert.deepEqual(await idsIn(trial.path), [trial.now]);
});

Deno.test("what a killed daemon left in its journal is kept with the replaced database", async () => {
  await using trial = await beginTrial();
  const store = await open(trial.url);
  const late = await createdIn(store);
  const killed = join(trial.folder.path, "killed.db");
  for (const part of ["", "-wal"]) await Deno.copyFile(trial.path + part, killed + part);
  await store.close();
  assert.ok((await Deno.stat(`${killed}-wal`)).size > 0);
  const url = pathToFileURL(killed).href;
  const { kept = "" } = await restoreDatabase({ url, file: trial.backup, migrationsFolder });
  assert.deepEqual(await idsIn(killed), [trial.then]);
  assert.deepEqual((await idsIn(kept)).sort(), [trial.now, late].sort());
});

Deno.test("a copy with its journal beside it is restored with what is in the journal", async () => {
  await using trial = await beginTrial();
  const store = await open(trial.url);
  const late = await createdIn(store);
  const copy = join(trial.folder.path, "copy.db");
  for (const part of ["", "-wal"]) await Deno.copyFile(trial.path + part, copy + part);
  await store.close();
  await leave(trial.path);
  assert.equal((await trial.restore(copy)).executions, 2);
  assert.deepEqual((await idsIn(trial.path)).sort(), [trial.now, late].sort());
  assert.ok((await Deno.stat(`${copy}-wal`)).size > 0, "the copy is only read");
});

Deno.test("a backup is restored where there is no database, and nothing is kept", async () => {
  await using trial = await beginTrial();
  await removeAll(trial.path);
  assert.equal((await trial.restore()).kept, undefined);
  assert.deepEqual(await beside(trial), [basename(trial.path)]);
  assert.deepEqual(await idsIn(trial.path), [trial.then]);
});

Deno.test("a damaged database is replaced, and kept as it was with its journal", async () => {
  await using trial = await beginTrial();
  const store = await open(trial.url);
  await createdIn(store);
  const damaged = join(trial.folder.path, "damaged.db");
  await Deno.writeTextFile(damaged, "this was a database");
  await Deno.copyFile(`${trial.path}-wal`, `${damaged}-wal`);
  await store.close();
  const url = pathToFileURL(damaged).href;
  const { kept = "" } = await restoreDatabase({ url, file: trial.backup, migrationsFolder });
  assert.equal(await Deno.readTextFile(kept), "this was a database");
  assert.ok((await Deno.stat(`${kept}-wal`)).size > 0);
  // SQLite would apply it to the new database.
  await assert.rejects(Deno.stat(`${damaged}-wal`), Deno.errors.NotFound);
  assert.deepEqual(await idsIn(damaged), [trial.then]);
});

Deno.test("a link to the database stays a link", async () => {
  await using trial = await beginTrial();
  const link = join(trial.folder.path, "link.db");
  await Deno.symlink(trial.path, link);
  const url = pathToFileURL(link).href;
  const restored = await restoreDatabase({ url, file: trial.backup, migrationsFolder });
  assert.equal(restored.database, trial.path);
  assert.ok((await Deno.lstat(link)).isSymlink);
  assert.deepEqual(await idsIn(trial.path), [trial.then]);
});

Deno.test("what is no database of 100AC is refused", async (t) => {
  await using trial = await beginTrial();
  const { folder } = trial;
  const advice = "name a file that `system backup` made";
  const files: Readonly<Record<string, [Promise<string>, RegExp]>> = {
    "a text": [folder.write("a.csv", "date,close\n"), /it is not a SQLite database; name a/],
    "an empty file": [folder.write("empty", ""), new RegExp(`it is empty; ${advice}`)],
    "a folder": [Promise.resolve(folder.path), /it is not a file|Is a directory/],
    "nothing": [Promise.resolve(join(folder.path, "none.db")), /it does not exist; name a file/],
    "another program's database": [foreignDatabase(folder), /it has no table "schema_migrations"/],
    "the database itself": [Promise.resolve(trial.path), /it is the database itself; name a/],
  };
  for (const [what, [file, found]] of Object.entries(files)) {
    await t.step(what, async () => {
      await assertRefused(trial, await file, found);
    });
  }
});

async function foreignDatabase(folder: TempFolder): Promise<string> {
  const path = join(folder.path, "foreign.db");
  await readRows(pathToFileURL(path).href, "CREATE TABLE a (x INTEGER)");
  return path;
}

Deno.test("a damaged backup is refused: cut off, overwritten, with orphaned rows", async (t) => {
  await using trial = await beginTrial();
  const whole = await Deno.readFile(trial.backup);
  const path = join(trial.folder.path, "damaged.db");
  await t.step("cut off", async () => {
    await Deno.writeFile(path, whole.subarray(0, Math.floor(whole.length / 2)));
    await assertRefused(trial, path, /it is damaged.*; restore another backup$/);
  });
  await t.step("overwritten", async () => {
    await Deno.writeFile(path, whole.map((byte, at) => at > 60_000 && at < 70_000 ? 0 : byte));
    await assertRefused(trial, path, /it is damaged/);
  });
  await t.step("with orphaned rows", async () => {
    await Deno.writeFile(path, whole);
    await orphanExecutions(pathToFileURL(path).href);
    await assertRefused(trial, path, /"workflow_executions" refers to one that is missing/);
  });
});

Deno.test("a backup of a newer release is refused, one of an older is migrated at the start", async () => {
  await using trial = await beginTrial();
  await using newer = await migrationsWith(1);
  const url = pathToFileURL(join(trial.folder.path, "newer.db")).href;
  const store = await open(url, newer.path);
  const { path } = await store.backups.make({ name: "newer.db" });
  await store.close();
  const [above, known] = [newestSchema + 1, newestSchema];
  await assertRefused(
    trial,
    path,
    new RegExp(
      `it is from a newer release \\(schema ${above}, this one knows ${known}\\); install that`,
    ),
  );
  const restored = await restoreDatabase({
    url: trial.url,
    file: trial.backup,
    migrationsFolder: newer.path,
  });
  assert.deepEqual([restored.schemaVersion, restored.newestSchemaVersion], [known, above]);
  await (await open(trial.url, newer.path)).close();
  assert.deepEqual(await idsIn(trial.path), [trial.then]);
});

Deno.test("a database with other migrations is refused", async () => {
  await using trial = await beginTrial();
  const url = pathToFileURL(trial.backup).href;
  await readRows(url, "UPDATE schema_migrations SET name = '0002_other.sql' WHERE version = 2");
  await assertRefused(trial, trial.backup, /it has had a migration "0002_other\.sql"/);
});

Deno.test("a restore is refused while a daemon uses the database or the file", async () => {
  await using trial = await beginTrial();
  {
    await using _holder = await startScript("store_holder.ts", ["lock", trial.url]);
    await assertRefused(
      trial,
      trial.backup,
      /a daemon or another restore uses it; stop/,
      "conflict",
    );
  }
  const lock = await lockDatabase(pathToFileURL(trial.backup).href);
  await assertRefused(trial, trial.backup, /a daemon uses it; make a copy of it with `system/);
  lock?.release();
  await trial.restore();
});

Deno.test("a restore is refused while another program has the database open", async () => {
  await using trial = await beginTrial();
  // A daemon's file is in WAL mode, in which whoever reads it is seen.
  await using _reader = await startScript("store_holder.ts", ["write", trial.url, "0"]);
  await assertRefused(trial, trial.backup, /another program has it open; end it/, "conflict");
});

Deno.test("of two restores at once one is done, the other refused", async () => {
  await using trial = await beginTrial();
  const both = await Promise.allSettled([trial.restore(), trial.restore()]);
  assert.deepEqual(both.map(({ status }) => status).sort(), ["fulfilled", "rejected"]);
  const [refused] = both.filter(({ status }) => status === "rejected");
  assert.equal((refused as PromiseRejectedResult).reason.code, "conflict");
  assert.deepEqual(await idsIn(trial.path), [trial.then]);
  assert.equal((await beside(trial)).length, 2);
});

Deno.test("what a killed restore has left is removed by the next", async () => {
  await using trial = await beginTrial();
  await trial.folder.write("data/.100ac.db.restore.tmp", "half");
  await trial.folder.write("data/.100ac.db.restore.tmp-wal", "half");
  const second = `${trial.path}.before-restore-2026-01-16T10-30-00-000Z`;
  await Deno.link(trial.path, second);
  const { kept = "" } = await trial.restore();
  assert.deepEqual(await beside(trial), [basename(trial.path), basename(kept)]);
  assert.notEqual(kept, second);
});

Deno.test("a database on a server is not restored here", async () => {
  await using trial = await beginTrial();
  const restored = restoreDatabase({
    url: "libsql://db.example.com?authToken=secret-token",
    file: trial.backup,
    migrationsFolder,
  });
  await assert.rejects(restored, (thrown: Error & { code: string }) => {
    assert.equal(thrown.code, "backup_refused");
    assert.match(thrown.message, /"libsql:\/\/db\.example\.com": it is on a libSQL server/);
    assert.doesNotMatch(thrown.message, /secret-token/);
    return true;
  });
});

Deno.test({
  name: `a full disk leaves the database as it was${ifDisk}`,
  ignore: whyNoDisk !== undefined,
  fn: async () => {
    await using trial = await beginTrial();
    using disk = mountSmallDisk(8);
    const path = join(disk.path, "100ac.db");
    await Deno.copyFile(trial.path, path);
    const url = pathToFileURL(path).href;
    disk.fill();
    const restored = restoreDatabase({ url, file: trial.backup, migrationsFolder });
    await assert.rejects(restored, { code: "backup_failed", message: /No space left on device/ });
    assert.deepEqual(await idsIn(path), [trial.now]);
    const names = (await Array.fromAsync(Deno.readDir(disk.path))).map(({ name }) => name);
    assert.deepEqual(names.sort(), ["100ac.db", "100ac.db.lock", "ballast"]);
  },
});
