/** Opens the store: lock, connection, schema. Closes it in reverse order. */

import type { AppError } from "../../errors.ts";
import { type Database, type DatabaseOptions, openDatabase } from "./database.ts";
import { lockDatabase } from "./lock.ts";
import { migrate } from "./migrations.ts";
import { SqliteStore } from "./store.ts";

export interface StoreOptions extends DatabaseOptions {
  readonly url: string;
  readonly migrationsFolder: string;
  /** Called once, when the store can no longer acknowledge writes. */
  readonly onFatal: (error: AppError) => void;
  readonly now?: () => number;
}

/** @throws {AppError} `already_running`, `store_unavailable`, `not_reachable`. */
export async function openStore(options: StoreOptions): Promise<SqliteStore> {
  const lock = await lockDatabase(options.url);
  let database: Database | undefined;
  try {
    database = await openDatabase(options.url, options.onFatal, { ...options, lock });
    await migrate(database, options.migrationsFolder, (options.now ?? Date.now)());
    return new SqliteStore({ database, url: options.url, lock });
  } catch (thrown) {
    await database?.close();
    lock?.release();
    throw thrown;
  }
}
