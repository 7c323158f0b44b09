/**
 * An agent that keeps batches in collections, in a process of its own, to be killed: `URL LOG`.
 * Each round puts every value of a batch anew, so that a value tells the round it is of. The log
 * has a line `began NAME ROUND` before each, and `done NAME ROUND` once it was acknowledged.
 */

import { boundsDefault } from "../../core/collections/bounds.ts";
import { Collections } from "../../core/collections/collections.ts";
import { createLog } from "../../core/log.ts";
import { openStore } from "../../core/store/sqlite/open.ts";
import { batchOf, keptDeclarations, keptNames } from "./kept_batches.ts";
import { endWithTest, sayReady } from "./child_script.ts";
import { migrationsFolder } from "./temp_store.ts";

const [url = "", logPath = ""] = Deno.args;
const log = Deno.openSync(logPath, { create: true, append: true });

function note(line: string): void {
  log.writeSync(new TextEncoder().encode(`${line}\n`));
}

// Before anything is open, so that a kill finds every instant of the opening too.
sayReady();
const store = await openStore({
  url,
  migrationsFolder,
  onFatal: (error) => {
    throw error;
  },
});
const collections = new Collections({
  store,
  log: createLog({ threshold: "error", pretty: false, write: () => undefined }),
  declarationsOf: () => keptDeclarations,
  boundsOf: () => boundsDefault,
});
await collections.open();
const { get, put } = collections.capabilities;

async function keep(collection: string): Promise<never> {
  const { entry } = await get({ collection, key: [0] }, "keeper");
  const stored = entry ? (JSON.parse(entry.value) as { round: number }).round : 0;
  for (let round = stored + 1;; round++) {
    note(`began ${collection} ${round}`);
    const entries = batchOf(round).map((value) => ({ value }));
    await put({ collection, entries }, "keeper");
    note(`done ${collection} ${round}`);
  }
}

await Promise.race([endWithTest(), ...keptNames.map(keep)]);
