/**
 * A process that stands in the way of a store: `lock URL` holds the daemon's lock, `write URL MS`
 * holds SQLite's write lock for MS milliseconds, 0 for as long as it lives.
 */

import { createClient } from "@libsql/client";
import { lockDatabase } from "../../core/store/sqlite/lock.ts";
import { endWithTest, sayReady } from "./child_script.ts";

const [mode, url = "", ms = "0"] = Deno.args;

if (mode === "lock") {
  await lockDatabase(url);
} else {
  const client = createClient({ url, concurrency: 1 });
  const transaction = await client.transaction("write");
  if (ms !== "0") setTimeout(() => transaction.commit(), Number(ms));
}
sayReady();
await endWithTest();
