/**
 * The store as its callers see it: operations to commit, and reads by name. Both are plain data and
 * can be cloned to another thread. The adapter decides how they are stored.
 *
 * To add an operation: define its type in `operations/` and add it to the union there; write its
 * SQL in `sqlite/operations/` and insert it into the ordered list in `sqlite/kinds.ts`.
 * To add a read: define its parameters and answer in `reads/`; write its SQL in `sqlite/reads/`.
 * `tests/core/store/contract/` holds what every adapter must guarantee.
 */

import type { Backups } from "./backups.ts";
import type { Operation } from "./operation.ts";
import type { Answer, Query, ReadName } from "./query.ts";

export interface Store {
  /**
   * Commits all operations or none. Within a transaction, operations run by kind in the order of
   * the adapter's list, not in the order of the call. Calls made in the same turn of the event loop
   * may share a transaction. Returns for each operation whether it took effect; an update under a
   * lost lease or an insert of an existing row does not.
   * @throws {AppError} `store_unavailable`, `overloaded`.
   */
  commit(operations: readonly Operation[]): Promise<readonly boolean[]>;
  /**
   * Reads committed data: `read({ read: "cached_value", owner, key, atMs })`.
   * @throws {AppError} `store_unavailable`, also after a timeout; `overloaded`.
   */
  read<N extends ReadName>(query: Query<N>): Promise<Answer<N>>;
  /** Resolves when every pending commit has succeeded or failed. */
  drain(): Promise<void>;
  readonly backups: Backups;
  /** Whether a lock excludes all other daemons, so that leases found at start are dead. */
  readonly exclusive: boolean;
  /**
   * Commits pending operations, ends a backup, then closes the database. Safe to call more than
   * once.
   */
  close(): Promise<void>;
}
