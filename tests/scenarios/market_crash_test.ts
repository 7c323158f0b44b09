/**
 * A source that is killed again and again while it corrects histories: what is stored of each is
 * one round, whole, and every round before it is there as a revision.
 */

import assert from "node:assert/strict";
import { join } from "node:path";
import { pathToFileURL } from "node:url";
import { Market } from "../../core/market/market.ts";
import { openStore } from "../../core/store/sqlite/open.ts";
import type { SqliteStore } from "../../core/store/sqlite/store.ts";
import { startScript } from "../support/child_script.ts";
import { seededRandom } from "../support/random.ts";
import {
  restatedHistory,
  restatedNowMs,
  restatedSymbols,
  roundOf,
} from "../support/restated_history.ts";
import { makeTempFolder } from "../support/temp_folder.ts";
import { migrationsFolder } from "../support/temp_store.ts";

const kills = 10;
/** From the start of the process: before it has the store, while it opens it, while it writes. */
const killAfterMsMax = 900;

const sessions = restatedHistory("AAPL", 1).bars.length;

/** The last round of a symbol that the log has a line of; 0 for none. */
function lastRound(log: string, verb: "began" | "told", symbol: string): number {
  const rounds = log.split("\n").filter((line) => line.startsWith(`${verb} ${symbol} `))
    .map((line) => Number(line.split(" ")[2]));
  return Math.max(0, ...rounds);
}

/** Holds what is stored of a symbol against what was begun and told; gives its round. */
async function checkSeries(store: SqliteStore, symbol: string, log: string): Promise<number> {
  const [series] = await store.database.read(
    `SELECT count(*) AS bars, count(DISTINCT close) AS rounds, max(close) AS round
     FROM bars WHERE symbol = ?`,
    [symbol],
  );
  const round = roundOf(series?.bars === 0 ? undefined : Number(series?.round));
  const told = lastRound(log, "told", symbol);
  const began = lastRound(log, "began", symbol);
  assert.ok(round >= told, `${symbol}: round ${told} was told, ${round} is stored`);
  assert.ok(round <= began, `${symbol}: round ${round} is stored, ${began} was begun`);
  if (round === 0) return 0;
  assert.deepEqual([series?.bars, series?.rounds], [sessions, 1], `${symbol}: a torn batch`);
  // each value's time ends where the next one's begins, and the last one's is the bar's
  const broken = await store.database.read(
    `WITH story AS (
       SELECT slot, close, recorded_at, superseded_at, public_at, hidden_at
       FROM bar_revisions WHERE symbol = ?1
       UNION ALL
       SELECT slot, close, recorded_at, NULL, public_at, NULL FROM bars WHERE symbol = ?1),
     told AS (
       SELECT *, row_number() OVER story AS place, lead(recorded_at) OVER story AS next_at,
         lead(public_at) OVER story AS next_public_at
       FROM story WINDOW story AS (PARTITION BY slot ORDER BY recorded_at))
     SELECT * FROM told WHERE close - ?2 <> place OR superseded_at IS NOT next_at
       OR hidden_at IS NOT next_public_at OR recorded_at >= next_at OR public_at >= hidden_at`,
    [symbol, Number(series?.round) - round],
  );
  assert.deepEqual(broken.map((row) => ({ ...row })), [], `${symbol}: a revision is lost`);
  return round;
}

Deno.test("a loader that is killed at any instant leaves whole batches and every revision", async () => {
  const seed = Date.now() % 1_000_000;
  const random = seededRandom(seed);
  await using folder = await makeTempFolder({ "log": "" });
  const url = pathToFileURL(join(folder.path, "test.db")).href;
  const logPath = join(folder.path, "log");
  const rounds = new Map<string, number>();
  const openHere = (): Promise<SqliteStore> =>
    openStore({
      url,
      migrationsFolder,
      onFatal: (error) => {
        throw error;
      },
    });
  try {
    for (let killed = 0; killed < kills; killed++) {
      await using child = await startScript("market_process.ts", [url, logPath]);
      await new Promise((resolve) => setTimeout(resolve, random() * killAfterMsMax));
      await child.kill();
      const store = await openHere();
      const log = await Deno.readTextFile(logPath);
      for (const symbol of restatedSymbols) {
        rounds.set(symbol, await checkSeries(store, symbol, log));
      }
      await store.close();
    }
    const store = await openHere();
    const { save_bars, get_bars } = new Market({
      store,
      sourceOf: (agent) => agent,
      publish: () => {},
      now: () => restatedNowMs,
    }).capabilities;
    for (const symbol of restatedSymbols) {
      const round = rounds.get(symbol) ?? 0;
      assert.ok(round > 1, `only ${round} rounds of ${symbol}`);
      const again = await save_bars({ history: restatedHistory(symbol, round) }, "fake");
      const nothing = { inserted: 0, changed: 0, revised: 0, held_back: null, ask_from: null };
      assert.deepEqual(again, nothing);
      const as_of = new Date(restatedNowMs).toISOString();
      const { bars } = await get_bars({ symbol, interval: "1d", source: "fake", as_of });
      assert.ok(bars.length === sessions && bars.every(({ close }) => roundOf(close) === 1));
    }
    await store.close();
  } catch (thrown) {
    throw new Error(`seed ${seed}`, { cause: thrown });
  }
});
