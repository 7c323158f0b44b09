/**
 * A restore that kills itself before the call of the file system with the number KILL_AT:
 * `restore_process.ts DATABASE_URL FILE KILL_AT`. Ends with 0 if there are fewer calls.
 */

import { restoreDatabase } from "../../core/store/sqlite/backup/restore.ts";
import { migrationsFolder } from "./temp_store.ts";

const [url = "", file = "", killAt = ""] = Deno.args;
const watched = ["chmod", "chown", "link", "open", "readDir", "remove", "rename", "stat"] as const;
const files = Deno as unknown as Record<string, (...args: unknown[]) => unknown>;
let calls = 0;

for (const name of watched) {
  const call = files[name];
  files[name] = (...args) => {
    if (++calls === Number(killAt)) Deno.kill(Deno.pid, "SIGKILL");
    return call?.(...args);
  };
}
await restoreDatabase({ url, file, migrationsFolder });
Deno.exit(0);
