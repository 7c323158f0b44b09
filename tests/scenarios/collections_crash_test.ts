/**
 * An agent that is killed again and again while it keeps batches: every batch is there whole or not
 * at all, what was acknowledged is there, every version before it too, and the counts are right.
 */

import assert from "node:assert/strict";
import { join } from "node:path";
import { pathToFileURL } from "node:url";
import { openStore } from "../../core/store/sqlite/open.ts";
import type { SqliteStore } from "../../core/store/sqlite/store.ts";
import { startScript } from "../support/child_script.ts";
import { batchOf, keptNames } from "../support/kept_batches.ts";
import { seededRandom } from "../support/random.ts";
import { makeTempFolder } from "../support/temp_folder.ts";
import { migrationsFolder } from "../support/temp_store.ts";

const kills = 10;
/** From the start of the process: before it has the store, while it opens it, while it writes. */
const killAfterMsMax = 900;

/** The last round of a collection that the log has a line of; 0 for none. */
function lastRound(log: string, verb: "began" | "done", name: string): number {
  const rounds = log.split("\n").filter((line) => line.startsWith(`${verb} ${name} `))
    .map((line) => Number(line.split(" ")[2]));
  return Math.max(0, ...rounds);
}

/** Holds what is stored of a collection against what was begun and acknowledged. */
async function check(store: SqliteStore, name: string, log: string): Promise<number> {
  const { database } = store;
  const [row] = await database.read("SELECT * FROM collections WHERE name = ?", [name]);
  const id = Number(row?.collection_id ?? 0);
  const values = await database.read(
    "SELECT value FROM collection_values WHERE collection_id = ? ORDER BY key",
    [id],
  );
  const kept = values.map(({ value }) => JSON.parse(String(value)) as { round: number });
  const round = kept[0]?.round ?? 0;
  assert.deepEqual(kept, round === 0 ? [] : batchOf(round), `${name}: a torn batch`);
  const done = lastRound(log, "done", name);
  const began = lastRound(log, "began", name);
  assert.ok(round >= done, `${name}: round ${done} was acknowledged, ${round} is stored`);
  assert.ok(round <= began, `${name}: round ${round} is stored, ${began} was begun`);
  const [history] = await database.read(
    `SELECT count(*) AS versions, coalesce(sum(bytes), 0) AS bytes,
       count(DISTINCT value ->> 'round') AS rounds
     FROM collection_history WHERE collection_id = ?`,
    [id],
  );
  const earlier = name === "versions" ? Math.max(0, round - 1) : 0;
  assert.deepEqual(history?.rounds, earlier, `${name}: a version is lost`);
  assert.deepEqual(history?.versions, earlier * batchOf(1).length);
  const [now] = await database.read(
    "SELECT coalesce(sum(bytes), 0) AS bytes FROM collection_values WHERE collection_id = ?",
    [id],
  );
  assert.equal(row?.values_count ?? 0, values.length + Number(history?.versions));
  assert.equal(row?.bytes ?? 0, Number(now?.bytes) + Number(history?.bytes));
  return round;
}

Deno.test("an agent that is killed at any instant leaves whole batches, and counts that are right", async () => {
  const seed = Date.now() % 1_000_000;
  const random = seededRandom(seed);
  await using folder = await makeTempFolder({ "log": "" });
  const url = pathToFileURL(join(folder.path, "test.db")).href;
  const logPath = join(folder.path, "log");
  const rounds = new Map<string, number>();
  try {
    for (let killed = 0; killed < kills; killed++) {
      await using child = await startScript("collections_process.ts", [url, logPath]);
      await new Promise((resolve) => setTimeout(resolve, random() * killAfterMsMax));
      await child.kill();
      const store = await openStore({
        url,
        migrationsFolder,
        onFatal: (error) => {
          throw error;
        },
      });
      const log = await Deno.readTextFile(logPath);
      for (const name of keptNames) rounds.set(name, await check(store, name, log));
      await store.close();
    }
    assert.ok(keptNames.every((name) => (rounds.get(name) ?? 0) > 1), "it came to write");
  } catch (thrown) {
    throw new Error(`seed ${seed}`, { cause: thrown });
  }
});
