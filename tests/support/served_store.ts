/** A libSQL server for stores, for one test: `await using served = await serveStores()`. */

import { join } from "node:path";
import { openStore, type StoreOptions } from "../../core/store/sqlite/open.ts";
import type { SqliteStore } from "../../core/store/sqlite/store.ts";
import { type HranaServer, type HranaServerOptions, startHranaServer } from "./hrana_server.ts";
import { makeTempFolder } from "./temp_folder.ts";
import { migrationsFolder } from "./temp_store.ts";

export interface ServedStores extends AsyncDisposable {
  readonly server: HranaServer;
  /** Opens a store, as each of several daemons does; it is closed with the server. */
  open(options?: Partial<StoreOptions>): Promise<SqliteStore>;
}

export async function serveStores(
  options: Partial<HranaServerOptions> = {},
): Promise<ServedStores> {
  const folder = await makeTempFolder();
  const server = startHranaServer({ path: join(folder.path, "served.db"), ...options });
  const stores: SqliteStore[] = [];
  const onFatal = (error: Error): never => {
    throw error;
  };
  return {
    server,
    open: async (more) => {
      const store = await openStore({ url: server.url, migrationsFolder, onFatal, ...more });
      stores.push(store);
      return store;
    },
    [Symbol.asyncDispose]: async () => {
      for (const store of stores) await store.close();
      await server[Symbol.asyncDispose]();
      await folder[Symbol.asyncDispose]();
    },
  };
}
