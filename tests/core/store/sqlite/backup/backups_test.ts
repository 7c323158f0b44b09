/** Backups of an open store: whole, private, of one instant, or not there at all. */

import assert from "node:assert/strict";
import { join } from "node:path";
import { fillBars } from "../../../../support/bars_fill.ts";
import { eventually } from "../../../../support/eventually.ts";
import { orphanExecutions } from "../../../../support/orphans.ts";
import { readRows } from "../../../../support/read_rows.ts";
import { serveStores } from "../../../../support/served_store.ts";
import { mountSmallDisk, whyNoSmallDisk } from "../../../../support/small_disk.ts";
import { openTempStore, type TempStore } from "../../../../support/temp_store.ts";
import { createdIn } from "../../execution_operations.ts";

const whyNoDisk = whyNoSmallDisk();
const ifDisk = whyNoDisk === undefined ? "" : ` (not here: ${whyNoDisk})`;

function backupsFolder({ folder }: TempStore): string {
  return join(folder.path, "backups");
}

/** Every file in the folder of backups, hidden ones too; nothing without a folder. */
async function filesIn(folder: string): Promise<string[]> {
  try {
    return (await Array.fromAsync(Deno.readDir(folder))).map(({ name }) => name).sort();
  } catch (thrown) {
    if (thrown instanceof Deno.errors.NotFound) return [];
    throw thrown;
  }
}

async function idsIn(path: string): Promise<Set<unknown>> {
  const rows = await readRows(`file:${path}`, "SELECT execution_id FROM workflow_executions");
  return new Set(rows.map((row) => row["execution_id"]));
}

async function sha256Of(path: string): Promise<string> {
  const digest = await crypto.subtle.digest("SHA-256", await Deno.readFile(path));
  return new Uint8Array(digest).toHex();
}

Deno.test("a backup is one private file that says what it holds", async () => {
  await using temp = await openTempStore();
  await createdIn(temp.store);
  await fillBars(temp.store, 0, 1_000);
  const backup = await temp.store.backups.make({ name: "first.db" });
  assert.equal(backup.path, join(backupsFolder(temp), "first.db"));
  const { schemaVersion, executions, bars } = backup;
  assert.deepEqual({ executions, bars }, { executions: 1, bars: 1_000 });
  const [schema] = await temp.store.database.read(
    "SELECT max(version) AS v FROM schema_migrations",
  );
  assert.equal(schemaVersion, schema?.v);
  assert.equal(backup.sha256, await sha256Of(backup.path));
  const { size, mode } = await Deno.stat(backup.path);
  assert.deepEqual([size, (mode ?? 0) & 0o777], [backup.bytes, 0o600]);
  assert.deepEqual(await filesIn(backupsFolder(temp)), ["first.db"]);
});

Deno.test("backups are listed newest first, and nothing else is", async () => {
  let nowMs = Date.UTC(2026, 0, 16, 10, 30);
  await using temp = await openTempStore({ now: () => nowMs });
  assert.deepEqual((await temp.store.backups.list()).files, []);
  const first = await temp.store.backups.make();
  await Deno.utime(first.path, 1, 1);
  nowMs += 1_000;
  await temp.store.backups.make();
  await temp.folder.write("backups/notes.txt", "");
  await temp.folder.write("backups/.half.db.tmp", "");
  const { folder, files } = await temp.store.backups.list();
  assert.equal(folder, backupsFolder(temp));
  assert.deepEqual(files.map(({ name, automatic }) => ({ name, automatic })), [
    { name: "2026-01-16T10-30-01-000Z.db", automatic: false },
    { name: "2026-01-16T10-30-00-000Z.db", automatic: false },
  ]);
  assert.equal(files[1]?.madeAtMs, 1_000);
});

Deno.test("all that was acknowledged before a backup is in it, while writes go on", async () => {
  await using temp = await openTempStore();
  await fillBars(temp.store, 0, 200_000);
  const acknowledged = new Set<unknown>();
  let isOver = false;
  const writing = (async () => {
    while (!isOver) acknowledged.add(await createdIn(temp.store));
  })();
  for (let round = 0; round < 3; round++) {
    await eventually(() => acknowledged.size > round * 20);
    const before = new Set(acknowledged);
    const backup = await temp.store.backups.make();
    const kept = await idsIn(backup.path);
    assert.equal(kept.size, backup.executions);
    assert.deepEqual([...before].filter((id) => !kept.has(id)), []);
    assert.ok(acknowledged.size > before.size, "writes went on");
  }
  isOver = true;
  await writing;
});

Deno.test("a name leads nowhere but into the folder, and to no file that is there", async () => {
  await using temp = await openTempStore();
  const { backups } = temp.store;
  const before = "before-7-2026-01-16T10-30-00-000Z.db";
  for (const name of ["../x.db", "/tmp/x.db", "a/b.db", "..", ".x.db", "x", "x.db\n", "", before]) {
    await assert.rejects(backups.make({ name }), { code: "invalid_input" }, name);
  }
  await backups.make({ name: "x.db" });
  await assert.rejects(backups.make({ name: "x.db" }), {
    code: "conflict",
    message: /x\.db": it exists; give another name$/,
  });
  await Deno.symlink(temp.path, join(backupsFolder(temp), "link.db"));
  await assert.rejects(backups.make({ name: "link.db" }), { code: "conflict" });
  assert.deepEqual(await filesIn(backupsFolder(temp)), ["link.db", "x.db"]);
});

Deno.test("one backup is made at a time", async () => {
  await using temp = await openTempStore();
  const both = await Promise.allSettled([temp.store.backups.make(), temp.store.backups.make()]);
  assert.deepEqual(both.map(({ status }) => status), ["fulfilled", "rejected"]);
  await assert.rejects(Promise.reject((both[1] as PromiseRejectedResult).reason), {
    code: "conflict",
    message: /another backup is being made/,
  });
  await temp.store.backups.make({ name: "later.db" });
});

Deno.test("a folder that is a link or a file is refused", async () => {
  await using temp = await openTempStore();
  await Deno.mkdir(join(temp.folder.path, "elsewhere"));
  await Deno.symlink(join(temp.folder.path, "elsewhere"), backupsFolder(temp));
  const refusal = { code: "backup_failed", message: /backups": it is a link or a file; make it a/ };
  await assert.rejects(temp.store.backups.make(), refusal);
  await Deno.remove(backupsFolder(temp));
  await temp.folder.write("backups", "");
  await assert.rejects(temp.store.backups.make(), refusal);
  assert.deepEqual(await filesIn(join(temp.folder.path, "elsewhere")), []);
});

Deno.test("a backup that is interrupted leaves nothing, and the next one works", async () => {
  await using temp = await openTempStore();
  await fillBars(temp.store, 0, 200_000);
  const stop = new AbortController();
  const made = temp.store.backups.make({ signal: stop.signal });
  await eventually(async () => (await filesIn(backupsFolder(temp))).length > 0);
  stop.abort();
  await assert.rejects(made, { code: "backup_failed", message: /the daemon stops/ });
  assert.deepEqual(await filesIn(backupsFolder(temp)), []);
  await temp.store.backups.make();
});

Deno.test("closing the store ends a backup", async () => {
  await using temp = await openTempStore();
  await fillBars(temp.store, 0, 200_000);
  const made = assert.rejects(temp.store.backups.make(), { code: "backup_failed" });
  await eventually(async () => (await filesIn(backupsFolder(temp))).length > 0);
  await temp.store.close();
  await made;
  assert.deepEqual(await filesIn(backupsFolder(temp)), []);
});

Deno.test("what a killed daemon has left of a backup is removed by the next", async () => {
  await using temp = await openTempStore();
  for (const name of [".a.db.1.backup.tmp", ".a.db.1.backup.tmp-journal", ".b.db.tmp"]) {
    await temp.folder.write(`backups/${name}`, "half");
  }
  await temp.store.backups.make({ name: "b.db" });
  assert.deepEqual(await filesIn(backupsFolder(temp)), [".b.db.tmp", "b.db"]);
});

Deno.test("no backup is made of a damaged database", async () => {
  await using temp = await openTempStore();
  await fillBars(temp.store, 0, 10_000);
  await temp.store.close();
  {
    using file = await Deno.open(temp.path, { write: true });
    await file.seek(300_000, Deno.SeekMode.Start);
    await file.write(new Uint8Array(50_000));
  }
  const store = await temp.reopen();
  await assert.rejects(store.backups.make(), {
    code: "backup_failed",
    message: /malformed|damaged.*; restore an earlier backup$/,
  });
  assert.deepEqual(await filesIn(backupsFolder(temp)), []);
});

Deno.test("a copy that is not sound is no backup", async () => {
  await using temp = await openTempStore();
  await createdIn(temp.store);
  await orphanExecutions(temp.url);
  await assert.rejects(temp.store.backups.make(), {
    code: "backup_failed",
    message: /"workflow_executions" refers to one that is missing; restore an earlier backup$/,
  });
  assert.deepEqual(await filesIn(backupsFolder(temp)), []);
});

Deno.test("a database on a server is not backed up here", async () => {
  await using served = await serveStores();
  const store = await served.open();
  await assert.rejects(store.backups.make(), {
    code: "backup_refused",
    message: /it is on a libSQL server, whose files are not here; make the backup there/,
  });
});

Deno.test({
  name: `a disk without room for a backup is told before anything is written${ifDisk}`,
  ignore: whyNoDisk !== undefined,
  fn: async () => {
    using disk = mountSmallDisk(24);
    await using temp = await openTempStore({ backupsFolder: disk.path });
    await fillBars(temp.store, 0, 200_000);
    await assert.rejects(temp.store.backups.make(), {
      code: "backup_failed",
      message: /the disk has \d+ MB free, and it takes \d+ MB; free space there$/,
    });
    assert.deepEqual(await filesIn(disk.path), []);
  },
});

Deno.test({
  name: `a disk that fills up meanwhile ends a backup, and nothing of it is left${ifDisk}`,
  ignore: whyNoDisk !== undefined,
  fn: async () => {
    using disk = mountSmallDisk(80);
    await using temp = await openTempStore({ backupsFolder: disk.path });
    await fillBars(temp.store, 0, 600_000);
    const made = temp.store.backups.make({ name: "x.db" });
    const refused = assert.rejects(made, {
      code: "backup_failed",
      message: /x\.db": SQLITE_FULL: database or disk is full; free space there$/,
    });
    await eventually(async () => {
      const [temporary] = await filesIn(disk.path);
      return temporary !== undefined && (await Deno.stat(join(disk.path, temporary))).size > 0;
    });
    disk.fill();
    await refused;
    assert.deepEqual(await filesIn(disk.path), ["ballast"]);
    disk.empty();
    await temp.store.backups.make({ name: "x.db" });
  },
});
