/**
 * The store as everyone else sees it: operations that are committed, and reads by name. Both are
 * plain data and can be cloned to another thread; how they are kept is up to an adapter.
 *
 * To add an operation: its shape and place in the union in `operations/`; its SQL in
 * `sqlite/operations/`, and its place among the others in `sqlite/kinds.ts`.
 * To add a read: what is asked and answered in `reads/`; its SQL in `sqlite/reads/`.
 * What every adapter must hold of them stands in `tests/core/store/contract/`.
 */

import type { Operation } from "./operation.ts";
import type { Answer, Query, ReadName } from "./query.ts";

export interface Store {
  /**
   * Commits the operations together, all or none of them. Within a transaction operations run by
   * kind, in the order of the adapter's list, not in the order of the call; what is handed in
   * during one turn of the event loop may share a transaction. Gives for each whether it took
   * effect: an update that named a lost lease, or an insert of what was there already, did not.
   * @throws {AppError} `store_unavailable`, `overloaded`.
   */
  commit(operations: readonly Operation[]): Promise<readonly boolean[]>;
  /**
   * Answers from what is committed: `read({ read: "cached_value", owner, key, atMs })`.
   * @throws {AppError} `store_unavailable`, also when it takes too long; `overloaded`.
   */
  read<N extends ReadName>(query: Query<N>): Promise<Answer<N>>;
  /** Settles when all that was handed in has been committed or refused. */
  drain(): Promise<void>;
  /** Whether a lock keeps every other daemon out, so that leases found at start are dead. */
  readonly exclusive: boolean;
  /** Commits what waits, then lets go of the database; once, however often it is called. */
  close(): Promise<void>;
}
