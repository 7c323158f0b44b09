/**
 * Schema migrations: the files `migrations/NNNN_name.sql`, applied in order. Each runs in one
 * transaction together with its entry in `schema_migrations`, so a failed one leaves the schema
 * unchanged. A database that is newer than the files is refused.
 */

import { join } from "node:path";
import { AppError, messageOf } from "../../errors.ts";
import type { Database } from "./database.ts";

export interface Migration {
  readonly version: number;
  readonly name: string;
  readonly sql: string;
}

/**
 * Applies all pending migrations; returns the versions applied. Before the first one changes a
 * database that has a schema, `prepare` is called with the version to come; if it fails, nothing is
 * changed.
 * @throws {AppError} `store_unavailable`, and what `prepare` throws.
 */
export async function migrate(
  database: Database,
  folder: string,
  nowMs: number,
  prepare: (newest: number) => Promise<void> = () => Promise.resolve(),
): Promise<readonly number[]> {
  const migrations = await readMigrations(folder);
  await database.script(
    `CREATE TABLE IF NOT EXISTS schema_migrations (
       version INTEGER PRIMARY KEY, name TEXT NOT NULL, applied_at INTEGER NOT NULL
     ) STRICT`,
  );
  const current = await versionOf(database);
  const newest = migrations.at(-1)?.version ?? 0;
  if (current > newest) {
    throw new AppError(
      "store_unavailable",
      `Cannot use the database: its schema has version ${current}, ` +
        `this daemon knows up to ${newest}; use the newer daemon or restore a backup`,
    );
  }
  const due = migrations.filter(({ version }) => version > current);
  if (current > 0 && due.length > 0) await prepare(newest);
  const applied = [];
  for (const migration of due) {
    if (await apply(database, migration, nowMs)) applied.push(migration.version);
  }
  return applied;
}

async function versionOf(database: Database): Promise<number> {
  const rows = await database.read("SELECT max(version) AS version FROM schema_migrations");
  return Number(rows[0]?.version ?? 0);
}

/** Returns false if another daemon has applied it meanwhile; a server's database has no lock. */
async function apply(database: Database, migration: Migration, nowMs: number): Promise<boolean> {
  const { version, name, sql } = migration;
  try {
    await database.script(
      `${sql}\n;INSERT INTO schema_migrations VALUES (${version}, '${name}', ${nowMs})`,
    );
    return true;
  } catch (thrown) {
    if (await versionOf(database) >= version) return false;
    throw new AppError(
      "store_unavailable",
      `Cannot apply migration "${name}": ${messageOf(thrown)}; the schema is unchanged`,
      { cause: thrown },
    );
  }
}

/** The migrations of a folder, in order. */
export async function readMigrations(folder: string): Promise<Migration[]> {
  const migrations: Migration[] = [];
  for await (const { name } of Deno.readDir(folder)) {
    if (!name.endsWith(".sql")) continue;
    const version = /^(\d{4})_[a-z0-9_]+\.sql$/.exec(name)?.[1];
    if (version === undefined) {
      throw new AppError(
        "store_unavailable",
        `Cannot apply migration "${name}": the name does not have the form 0001_what_it_adds.sql`,
      );
    }
    const sql = await Deno.readTextFile(join(folder, name));
    migrations.push({ version: Number(version), name, sql });
  }
  migrations.sort((a, b) => a.version - b.version);
  migrations.forEach(({ version, name }, index) => {
    if (version !== index + 1) {
      throw new AppError(
        "store_unavailable",
        `Cannot apply migration "${name}": number ${index + 1} is missing or exists twice`,
      );
    }
  });
  return migrations;
}
