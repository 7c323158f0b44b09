/** A store on a database of its own, for one test: `await using temp = await openTempStore()`. */

import { join } from "node:path";
import { fileURLToPath, pathToFileURL } from "node:url";
import type { AppError } from "../../core/errors.ts";
import { openStore, type StoreOptions } from "../../core/store/sqlite/open.ts";
import type { SqliteStore } from "../../core/store/sqlite/store.ts";
import { makeTempFolder, type TempFolder } from "./temp_folder.ts";

export interface TempStore extends AsyncDisposable {
  readonly store: SqliteStore;
  readonly folder: TempFolder;
  readonly path: string;
  readonly url: string;
  /** What the store said it can't go on after. */
  readonly fatal: readonly AppError[];
  /** Closes the store and opens it anew. */
  reopen(): Promise<SqliteStore>;
}

/** The project's migrations. */
export const migrationsFolder = fileURLToPath(new URL("../../migrations", import.meta.url));

export async function openTempStore(
  options: Partial<Pick<StoreOptions, "backupsFolder" | "busyTimeoutMs" | "now">> = {},
): Promise<TempStore> {
  const folder = await makeTempFolder();
  const path = join(folder.path, "test.db");
  const url = pathToFileURL(path).href;
  const fatal: AppError[] = [];
  const open = (): Promise<SqliteStore> =>
    openStore({ url, migrationsFolder, onFatal: (error) => fatal.push(error), ...options });
  let store = await open();
  return {
    get store() {
      return store;
    },
    folder,
    path,
    url,
    fatal,
    reopen: async () => {
      await store.close();
      return store = await open();
    },
    [Symbol.asyncDispose]: async () => {
      await store.close();
      await folder[Symbol.asyncDispose]();
    },
  };
}
