/** Stores over another connection, or that misbehave. */

import type { Database } from "../../core/store/sqlite/database.ts";
import { SqliteBackups } from "../../core/store/sqlite/backup/backups.ts";
import { SqliteStore } from "../../core/store/sqlite/store.ts";
import type { Store } from "../../core/store/store.ts";

/** A store over a database that is open: others may use it too, unless it is exclusive. */
export function storeOver(
  database: Database,
  { exclusive = false, url = "libsql://elsewhere" } = {},
): SqliteStore {
  const lock = exclusive ? { isIntact: () => true, release: () => undefined } : undefined;
  const backups = new SqliteBackups({ url, folder: "there is none" });
  return new SqliteStore({ database, url, lock, backups });
}

/** The store, with some of what it does done otherwise. */
export function storeWith(store: Store, own: Partial<Store>): Store {
  return {
    commit: (operations) => store.commit(operations),
    read: (query) => store.read(query),
    backups: store.backups,
    drain: () => store.drain(),
    exclusive: store.exclusive,
    close: () => store.close(),
    ...own,
  };
}
