/** Migrations on real files: each is applied once, in order, whole or not at all. */

import assert from "node:assert/strict";
import { join } from "node:path";
import { pathToFileURL } from "node:url";
import { type Database, openDatabase } from "../../../../core/store/sqlite/database.ts";
import { migrate } from "../../../../core/store/sqlite/migrations.ts";
import { makeTempFolder, type TempFolder } from "../../../support/temp_folder.ts";
import { migrationsFolder } from "../../../support/temp_store.ts";

const nowMs = Date.UTC(2026, 0, 16);
const first = "CREATE TABLE a (x INTEGER) STRICT;\nINSERT INTO a VALUES (1);";
const second = "CREATE TABLE b (y TEXT) STRICT; -- no newline at the end";

interface Trial extends AsyncDisposable {
  readonly database: Database;
  readonly folder: TempFolder;
  migrate(): Promise<readonly number[]>;
}

/** A database in a folder that also holds the migrations. */
async function tryMigrations(files: Readonly<Record<string, string>>): Promise<Trial> {
  const folder = await makeTempFolder(files);
  const database = await openDatabase(
    pathToFileURL(join(folder.path, "test.db")).href,
    assert.fail,
  );
  return {
    database,
    folder,
    migrate: () => migrate(database, folder.path, nowMs),
    [Symbol.asyncDispose]: async () => {
      await database.close();
      await folder[Symbol.asyncDispose]();
    },
  };
}

async function tablesOf(database: Database): Promise<string[]> {
  const rows = await database.read("SELECT name FROM sqlite_schema WHERE type = 'table'");
  return rows.map(({ name }) => String(name)).sort();
}

async function schemaOf(database: Database): Promise<unknown[]> {
  const rows = await database.read(
    `SELECT type, name, tbl_name, sql FROM sqlite_schema
     WHERE tbl_name <> 'schema_migrations' ORDER BY type, name`,
  );
  return rows.map((row) => ({ ...row }));
}

Deno.test("an empty database gets every migration, once", async () => {
  await using trial = await tryMigrations({ "0001_a.sql": first, "0002_b.sql": second });
  assert.deepEqual(await trial.migrate(), [1, 2]);
  assert.deepEqual(await trial.migrate(), []);
  const rows = await trial.database.read("SELECT * FROM schema_migrations ORDER BY version");
  assert.deepEqual(rows.map((row) => ({ ...row })), [
    { version: 1, name: "0001_a.sql", applied_at: nowMs },
    { version: 2, name: "0002_b.sql", applied_at: nowMs },
  ]);
  assert.deepEqual((await trial.database.read("SELECT x FROM a")).map(({ x }) => x), [1]);
});

Deno.test("a new migration is applied to an existing database", async () => {
  await using trial = await tryMigrations({ "0001_a.sql": first, "README.md": "no migration" });
  assert.deepEqual(await trial.migrate(), [1]);
  await trial.folder.write("0002_b.sql", second);
  assert.deepEqual(await trial.migrate(), [2]);
  assert.deepEqual(await tablesOf(trial.database), ["a", "b", "schema_migrations"]);
});

Deno.test("a schema newer than the files is refused", async () => {
  await using trial = await tryMigrations({ "0001_a.sql": first, "0002_b.sql": second });
  await trial.migrate();
  await Deno.remove(join(trial.folder.path, "0002_b.sql"));
  await assert.rejects(trial.migrate(), {
    code: "store_unavailable",
    message: "Cannot use the database: its schema has version 2, this daemon knows up to 1; " +
      "use the newer daemon or restore a backup",
  });
  assert.deepEqual(await tablesOf(trial.database), ["a", "b", "schema_migrations"]);
});

Deno.test("a migration that fails leaves the old schema with its rows", async () => {
  await using trial = await tryMigrations({ "0001_a.sql": first });
  await trial.migrate();
  const bad = "CREATE TABLE b (y TEXT); UPDATE a SET x = 2; INSERT INTO nowhere VALUES (1);";
  await trial.folder.write("0002_bad.sql", bad);
  await assert.rejects(trial.migrate(), {
    code: "store_unavailable",
    message: /Cannot apply migration "0002_bad\.sql": .*nowhere.*; the schema is unchanged/,
  });
  assert.deepEqual(await tablesOf(trial.database), ["a", "schema_migrations"]);
  assert.deepEqual((await trial.database.read("SELECT x FROM a")).map(({ x }) => x), [1]);
  // The failed migration leaves no open transaction: the corrected one is applied.
  await Deno.rename(
    join(trial.folder.path, "0002_bad.sql"),
    join(trial.folder.path, "0003_was_bad.sql.off"),
  );
  await trial.folder.write("0002_good.sql", second);
  assert.deepEqual(await trial.migrate(), [2]);
});

Deno.test("a missing or duplicate number is refused before anything is applied", async () => {
  for (const names of [["0001_a", "0003_b"], ["0001_a", "0001_b"], ["0002_a"], ["0000_a"]]) {
    await using trial = await tryMigrations(
      Object.fromEntries(names.map((name) => [`${name}.sql`, first])),
    );
    await assert.rejects(trial.migrate(), { message: /number \d is missing or exists twice/ });
    assert.deepEqual(await tablesOf(trial.database), []);
  }
});

Deno.test("a file with a malformed migration name is refused, not ignored", async () => {
  for (const name of ["2_b.sql", "0002-b.sql", "0002_B.sql"]) {
    await using trial = await tryMigrations({ "0001_a.sql": first, [name]: second });
    await assert.rejects(trial.migrate(), { message: /the name does not have the form 0001_/ });
  }
});

Deno.test("the project's migrations produce exactly the expected schema", async () => {
  await using trial = await tryMigrations({});
  await migrate(trial.database, migrationsFolder, nowMs);
  const migrated = await schemaOf(trial.database);
  await using plain = await tryMigrations({});
  const names = [...Deno.readDirSync(migrationsFolder)].map(({ name }) => name).sort();
  for (const name of names) {
    await plain.database.script(Deno.readTextFileSync(join(migrationsFolder, name)));
  }
  assert.deepEqual(migrated, await schemaOf(plain.database));
  assert.ok(migrated.length > 10);
});

Deno.test("the project's tables are strict, so a number column accepts no text", async () => {
  await using trial = await tryMigrations({});
  await migrate(trial.database, migrationsFolder, nowMs);
  const rows = await trial.database.read(
    `SELECT name FROM pragma_table_list
     WHERE type = 'table' AND strict = 0 AND name NOT LIKE 'sqlite_%'`,
  );
  assert.deepEqual(rows.map(({ name }) => name), []);
});
