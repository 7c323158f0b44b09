/** Opens the store whole: lock, connection, schema, commit queue; closes it in reverse order. */

import type { AppError } from "../errors.ts";
import { CommitQueue } from "./commits.ts";
import { type Database, openDatabase } from "./database.ts";
import { ExecutionReader } from "./executions.ts";
import { lockDatabase } from "./lock.ts";
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

export interface StoreOptions {
  readonly url: string;
  readonly migrationsFolder: string;
  /** Told once when nothing more can be acknowledged. */
  readonly onFatal: (error: AppError) => void;
  readonly now?: () => number;
  /** How long a write waits for another process that holds the database. */
  readonly busyTimeoutMs?: number;
}

/** @throws {AppError} `already_running` or `store_unavailable`. */
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
    exclusive: options.url.startsWith("file:"),
    close: () => closed ??= close(),
  };
}
