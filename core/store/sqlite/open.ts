/** Opens the store whole: lock, connection, schema, commit queue; closes it in reverse order. */

import type { AppError } from "../../errors.ts";
import { ExecutionReader } from "../executions.ts";
import type { Store } from "../store.ts";
import { CommitQueue } from "./commits.ts";
import { isServer } from "../address.ts";
import { type Database, type DatabaseOptions, openDatabase } from "./database.ts";
import { lockDatabase } from "./lock.ts";
import { migrate } from "./migrations.ts";
import { Reader } from "./reader.ts";
import type { Reading } from "./reading.ts";
import { reads } from "./reads.ts";

export interface StoreOptions extends DatabaseOptions {
  readonly url: string;
  readonly migrationsFolder: string;
  /** Called once when nothing more can be acknowledged. */
  readonly onFatal: (error: AppError) => void;
  readonly now?: () => number;
}

/** @throws {AppError} `already_running`, `store_unavailable`, `not_reachable`. */
export async function openStore(options: StoreOptions): Promise<Store> {
  const lock = await lockDatabase(options.url);
  let database: Database | undefined;
  try {
    database = await openDatabase(options.url, options.onFatal, options);
    await migrate(database, options.migrationsFolder, (options.now ?? Date.now)());
  } catch (thrown) {
    await database?.close();
    lock.release();
    throw thrown;
  }
  const store = storeOver(database, options.url);
  const close = async (): Promise<void> => {
    await store.close();
    lock.release();
  };
  let closed: Promise<void> | undefined;
  return { ...store, close: () => closed ??= close() };
}

/** The store that an open database is. */
export function storeOver(database: Database, url: string): Store {
  const commits = new CommitQueue(database);
  const reader = new Reader({ url, database });
  const reading: Reading = {
    quick: (sql, args) => database.read(sql, args),
    long: (sql, args) => reader.read(sql, args),
  };
  return {
    commit: (operations) => commits.commit(operations),
    read: (query) => reads[query.read](reading, query),
    drain: () => commits.drain(),
    database,
    commits,
    reader,
    executions: new ExecutionReader(database),
    exclusive: !isServer(url),
    close: async () => {
      await commits.drain();
      reader.close();
      await database.close();
    },
  };
}
