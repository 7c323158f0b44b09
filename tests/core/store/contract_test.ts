/** Runs the store contract on every backend. */

import type { SqliteStore } from "../../../core/store/sqlite/store.ts";
import type { Store } from "../../../core/store/store.ts";
import { serveStores } from "../../support/served_store.ts";
import { storeOver } from "../../support/store_over.ts";
import { openTempStore } from "../../support/temp_store.ts";
import { type OpenedStore, storeContract } from "./contract/contract.ts";

storeContract("on a file", async (): Promise<OpenedStore> => {
  const temp = await openTempStore();
  let tries = 0;
  /** The same store, with its transactions counted. */
  const counted = ({ database }: SqliteStore): Store =>
    storeOver({
      ...database,
      write: (statements) => {
        tries++;
        return database.write(statements);
      },
    }, { exclusive: true, url: temp.url });
  let store = counted(temp.store);
  return {
    get store() {
      return store;
    },
    reopen: async () => {
      await store.close();
      return store = counted(await temp.reopen());
    },
    breakWrites: async () => {
      const { database } = temp.store;
      const [row] = await database.read("PRAGMA page_count");
      await database.read(`PRAGMA max_page_count = ${row?.page_count}`);
      tries = 0;
      return {
        tries: () => tries,
        repair: async () => void await database.read("PRAGMA max_page_count = 1000000"),
      };
    },
    [Symbol.asyncDispose]: async () => {
      await store.close();
      await temp[Symbol.asyncDispose]();
    },
  };
});

storeContract("on a server", async (): Promise<OpenedStore> => {
  const served = await serveStores();
  const { server } = served;
  let store: Store = await served.open();
  return {
    get store() {
      return store;
    },
    reopen: async () => {
      await store.close();
      return store = await served.open();
    },
    breakWrites: () => {
      const before = server.pipelines;
      server.misbehave({ kind: "refuse", status: 507 });
      return Promise.resolve({
        tries: () => server.pipelines - before,
        repair: () => Promise.resolve(void server.behave()),
      });
    },
    [Symbol.asyncDispose]: () => served[Symbol.asyncDispose](),
  };
});
