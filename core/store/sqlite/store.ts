/** The store over a database; operations go through the commit queue. */

import type { Operation } from "../operation.ts";
import type { Answer, Query, ReadName } from "../query.ts";
import type { Store } from "../store.ts";
import type { SqliteBackups } from "./backup/backups.ts";
import { CommitQueue } from "./commits/commit_queue.ts";
import type { Database } from "./database.ts";
import { kinds } from "./kinds.ts";
import type { StoreLock } from "./lock.ts";
import { isLarge, packLarge } from "./payloads.ts";
import { Reader } from "./reader.ts";
import type { Reading } from "./reading.ts";
import { reads } from "./reads.ts";

export interface SqliteStoreOptions {
  readonly database: Database;
  readonly url: string;
  /** Undefined for a server's database, which other daemons may share. */
  readonly lock: StoreLock | undefined;
  readonly backups: SqliteBackups;
}

export class SqliteStore implements Store {
  /** For tests and benchmarks that look below the port. */
  readonly database: Database;
  readonly exclusive: boolean;
  readonly backups: SqliteBackups;
  readonly #lock: StoreLock | undefined;
  readonly #commits: CommitQueue;
  readonly #reader: Reader;
  readonly #reading: Reading;
  /** Commits whose large results are still being compressed or that wait in the queue. */
  readonly #packing = new Set<Promise<unknown>>();
  #closed: Promise<void> | undefined;

  constructor({ database, url, lock, backups }: SqliteStoreOptions) {
    const reader = new Reader({ url, database });
    this.database = database;
    this.exclusive = lock !== undefined;
    this.backups = backups;
    this.#lock = lock;
    this.#commits = new CommitQueue(database, kinds);
    this.#reader = reader;
    this.#reading = {
      quick: (sql, args) => database.read(sql, args),
      long: (sql, args) => reader.read(sql, args),
    };
  }

  commit(operations: readonly Operation[]): Promise<readonly boolean[]> {
    if (!operations.some(isLarge)) return this.#commits.commit(operations);
    const committed = this.#commitLarge(operations);
    const settled = committed.catch(() => undefined).finally(() => this.#packing.delete(settled));
    this.#packing.add(settled);
    return committed;
  }

  read<N extends ReadName>(query: Query<N>): Promise<Answer<N>> {
    return reads[query.read](this.#reading, query);
  }

  async drain(): Promise<void> {
    await Promise.all(this.#packing);
    await this.#commits.drain();
  }

  close(): Promise<void> {
    return this.#closed ??= this.#close();
  }

  async #commitLarge(operations: readonly Operation[]): Promise<readonly boolean[]> {
    const applied = await this.#commits.commit(await packLarge(operations));
    return applied.slice(0, operations.length);
  }

  async #close(): Promise<void> {
    await this.drain();
    await this.backups.close();
    this.#reader.close();
    await this.database.close();
    this.#lock?.release();
  }
}
