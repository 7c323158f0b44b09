/** Backs up and restores the configured database in this process, for the CLI. */

import { resolve } from "node:path";
import type { Offline } from "../cli/line/offline.ts";
import { readConfig } from "../config.ts";
import { backupView, restoredView } from "../http/views/backups.ts";
import { copyDatabase } from "../store/sqlite/backup/copy.ts";
import { restoreDatabase } from "../store/sqlite/backup/restore.ts";
import { temporaryFor } from "../store/sqlite/backup/whole_file.ts";
import { checkFolders, makeDataFolder, migrationsFolder } from "./folders.ts";

export const offline: Offline = {
  async backUp(file, signal) {
    const { databaseUrl: url } = readConfig(Deno.env.toObject());
    const path = resolve(file);
    const temporary = temporaryFor(path, "tmp");
    return backupView(await copyDatabase({ url, path, temporary, signal }));
  },
  async restore(file) {
    const config = readConfig(Deno.env.toObject());
    await checkFolders(config);
    await makeDataFolder(config.dataFolder);
    const url = config.databaseUrl;
    return restoredView(await restoreDatabase({ url, file: resolve(file), migrationsFolder }));
  },
};
