/** Opens the store: lock, connection, schema. Closes it in reverse order. */

import { dirname, join } from "node:path";
import { AppError, messageOf } from "../../errors.ts";
import { databasePath } from "../address.ts";
import { SqliteBackups } from "./backup/backups.ts";
import { type Database, type DatabaseOptions, openDatabase } from "./database.ts";
import { lockDatabase } from "./lock.ts";
import { migrate } from "./migrations.ts";
import { SqliteStore } from "./store.ts";

export interface StoreOptions extends DatabaseOptions {
  readonly url: string;
  readonly migrationsFolder: string;
  /** By default `backups` beside the database. */
  readonly backupsFolder?: string;
  /** Called once, when the store can no longer acknowledge writes. */
  readonly onFatal: (error: AppError) => void;
  readonly now?: () => number;
}

/**
 * A database that holds data is backed up before it is migrated, unless it is on a server.
 * @throws {AppError} `already_running`, `store_unavailable`, `not_reachable`, `backup_failed`.
 */
export async function openStore(options: StoreOptions): Promise<SqliteStore> {
  const { url, migrationsFolder, onFatal, now = Date.now } = options;
  const lock = await lockDatabase(url);
  const folder = options.backupsFolder ?? join(dirname(databasePath(url) ?? "."), "backups");
  const backups = new SqliteBackups({ url, folder, now });
  let database: Database | undefined;
  try {
    const opened = database = await openDatabase(url, onFatal, { ...options, lock });
    await migrate(database, migrationsFolder, now(), async (newest) => {
      if (lock && await holdsData(opened)) await backUpBefore(newest, backups);
    });
    return new SqliteStore({ database, url, lock, backups });
  } catch (thrown) {
    await database?.close();
    lock?.release();
    throw thrown;
  }
}

/** Whether any table has a row, other than that of the schema's versions. */
async function holdsData(database: Database): Promise<boolean> {
  const tables = await database.read(
    `SELECT name FROM sqlite_schema
     WHERE type = 'table' AND name NOT LIKE 'sqlite^_%' ESCAPE '^' AND name <> 'schema_migrations'`,
  );
  for (const { name } of tables) {
    const rows = await database.read(`SELECT 1 FROM "${name}" LIMIT 1`);
    if (rows.length > 0) return true;
  }
  return false;
}

async function backUpBefore(newest: number, backups: SqliteBackups): Promise<void> {
  try {
    await backups.makeBefore(newest);
  } catch (thrown) {
    throw new AppError(
      "backup_failed",
      `Cannot migrate the database to schema ${newest}, because it must be backed up first. ` +
        messageOf(thrown),
      { cause: thrown },
    );
  }
}
