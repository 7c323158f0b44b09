/** The backup before a migration: of what holds data, once, or nothing is migrated. */

import assert from "node:assert/strict";
import { join } from "node:path";
import { pathToFileURL } from "node:url";
import { openStore } from "../../../../../core/store/sqlite/open.ts";
import type { SqliteStore } from "../../../../../core/store/sqlite/store.ts";
import { addMigrations, migrationsWith, newestSchema } from "../../../../support/next_release.ts";
import { mountSmallDisk, whyNoSmallDisk } from "../../../../support/small_disk.ts";
import { makeTempFolder, type TempFolder } from "../../../../support/temp_folder.ts";
import { readRows } from "../../../../support/read_rows.ts";
import { createdIn } from "../../execution_operations.ts";

const whyNoDisk = whyNoSmallDisk();
const ifDisk = whyNoDisk === undefined ? "" : ` (not here: ${whyNoDisk})`;
const startMs = Date.UTC(2026, 0, 16, 10, 30);

interface Trial extends AsyncDisposable {
  readonly folder: TempFolder;
  /** Starts a release with `more` migrations than this one. */
  start(more: number): Promise<SqliteStore>;
  schema(): Promise<unknown>;
  /** Names of the backups. */
  backups(): Promise<string[]>;
}

async function beginTrial(backupsFolder?: string): Promise<Trial> {
  const folder = await makeTempFolder();
  const migrations = await migrationsWith(0);
  const url = pathToFileURL(join(folder.path, "test.db")).href;
  let nowMs = startMs;
  const kept = backupsFolder ?? join(folder.path, "backups");
  return {
    folder,
    start: async (more) => {
      await addMigrations(migrations, more);
      return await openStore({
        url,
        migrationsFolder: migrations.path,
        backupsFolder: kept,
        onFatal: assert.fail,
        now: () => nowMs += 1_000,
      });
    },
    schema: async () =>
      (await readRows(url, "SELECT max(version) AS version FROM schema_migrations"))[0]
        ?.["version"],
    backups: async () => {
      try {
        return (await Array.fromAsync(Deno.readDir(kept))).map(({ name }) => name).sort();
      } catch (thrown) {
        if (thrown instanceof Deno.errors.NotFound) return [];
        throw thrown;
      }
    },
    [Symbol.asyncDispose]: async () => {
      await migrations[Symbol.asyncDispose]();
      await folder[Symbol.asyncDispose]();
    },
  };
}

Deno.test("a database with data is backed up before it is migrated, and only then", async () => {
  await using trial = await beginTrial();
  const old = await trial.start(0);
  const id = await createdIn(old);
  await old.close();
  await (await trial.start(0)).close();
  assert.deepEqual(await trial.backups(), []);
  await (await trial.start(2)).close();
  const [name = "", ...others] = await trial.backups();
  assert.deepEqual(others, []);
  assert.match(name, new RegExp(`^before-${newestSchema + 2}-2026-01-16T10-30-\\d\\d-000Z\\.db$`));
  const url = pathToFileURL(join(trial.folder.path, "backups", name)).href;
  assert.deepEqual(await readRows(url, "SELECT execution_id FROM workflow_executions"), [
    { execution_id: id },
  ]);
  const [version] = await readRows(url, "SELECT max(version) AS v FROM schema_migrations");
  assert.equal(version?.["v"], newestSchema);
  assert.equal(await trial.schema(), newestSchema + 2);
  await (await trial.start(2)).close();
  assert.equal((await trial.backups()).length, 1);
});

Deno.test("a database without rows is migrated without a backup", async () => {
  await using trial = await beginTrial();
  await (await trial.start(0)).close();
  await (await trial.start(1)).close();
  assert.equal(await trial.schema(), newestSchema + 1);
  assert.deepEqual(await trial.backups(), []);
});

Deno.test("the newest three backups before a migration are kept, and all that were asked for", async () => {
  await using trial = await beginTrial();
  for (let more = 0; more <= 5; more++) {
    const store = await trial.start(more);
    await createdIn(store);
    if (more === 0) await store.backups.make({ name: "asked.db" });
    await store.close();
  }
  const schemas = (await trial.backups()).map((name) => /^before-(\d+)/.exec(name)?.[1]);
  const kept = [3, 4, 5].map((more) => String(newestSchema + more));
  assert.deepEqual(schemas, [undefined, ...kept]);
});

Deno.test("a migration whose backup can't be made changes nothing", async () => {
  await using trial = await beginTrial();
  const store = await trial.start(0);
  await createdIn(store);
  await store.close();
  const inTheWay = await trial.folder.write("backups", "a file");
  await assert.rejects(trial.start(1), {
    code: "backup_failed",
    message: new RegExp(
      `^Cannot migrate the database to schema ${newestSchema + 1}, because it must be backed up ` +
        `first\\. Cannot back up into ".*backups": it is a link or a file; make it a folder`,
    ),
  });
  assert.equal(await trial.schema(), newestSchema);
  await Deno.remove(inTheWay);
  await (await trial.start(1)).close();
  assert.equal(await trial.schema(), newestSchema + 1);
});

Deno.test({
  name: `a full disk keeps a database from being migrated, until there is room${ifDisk}`,
  ignore: whyNoDisk !== undefined,
  fn: async () => {
    using disk = mountSmallDisk(32);
    await using trial = await beginTrial(disk.path);
    const store = await trial.start(0);
    await createdIn(store);
    await store.close();
    disk.fill();
    await assert.rejects(trial.start(1), {
      code: "backup_failed",
      message: /the disk has 0 MB free, and it takes \d+ MB; free space there$/,
    });
    assert.equal(await trial.schema(), newestSchema);
    disk.empty();
    await (await trial.start(1)).close();
    assert.equal((await trial.backups()).length, 1);
  },
});
