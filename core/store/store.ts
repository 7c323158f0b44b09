/** Opens the store whole: lock, connection, schema, commit queue; closes it in reverse order. */

import type { AppError } from "../errors.ts";
import { CommitQueue } from "./commits.ts";
import { type Database, type DatabaseOptions, openDatabase } from "./database.ts";
import { ExecutionReader } from "./executions.ts";
import { isServer, lockDatabase } from "./lock.ts";
import { migrate } from "./migrations.ts";
import { Reader } from "./reader.ts";

export interface Store {
  readonly database: Database;
  readonly commits: CommitQueue;
  readonly executions: ExecutionReader;
  /** For reads that take long. */
  readonly reader: Reader;
  /** Whether a lock keeps every other daemon out, so that leases found at start are dead. */
  readonly exclusive: boolean;
  /** Commits what waits, then lets go of the database; once, however often it is called. */
  close(): Promise<void>;
}

export interface StoreOptions extends DatabaseOptions {
  readonly url: string;
  readonly migrationsFolder: string;
  /** Told once when nothing more can be acknowledged. */
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
  const opened = database;
  const commits = new CommitQueue(opened);
  const reader = new Reader({ url: options.url, database: opened });
  const close = async (): Promise<void> => {
    await commits.drain();
    reader.close();
    await opened.close();
    lock.release();
  };
  let closed: Promise<void> | undefined;
  return {
    database: opened,
    commits,
    reader,
    executions: new ExecutionReader(opened),
    exclusive: !isServer(options.url),
    close: () => closed ??= close(),
  };
}
