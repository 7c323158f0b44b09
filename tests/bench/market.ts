/**
 * What keeping market data costs: reading ten years of daily bars of five symbols beside the bare
 * SELECT of the same rows, and saving them beside one bare INSERT of the same rows.
 */

import { barOf, historyOf } from "../agents/market_values.ts";
import type { Market } from "../../core/market/market.ts";
import { openTempMarket } from "../support/temp_market.ts";
import type { TempStore } from "../support/temp_store.ts";
import { median, type Report } from "./report.ts";

export const name = "market";

const symbols = ["AAPL", "MSFT", "GOOGL", "TSLA", "NVDA"];
/** Sessions of ten years. */
const barsPerSymbol = 2_520;
const rounds = 15;
const dayMs = 86_400_000;

/** Reports reads, first saves, and saves of what is there already. */
export async function run(report: Report): Promise<void> {
  await using opened = await openTempMarket(Date.now);
  const { market, temp } = opened;
  const histories = symbols.map((symbol) => historyOf(symbol, barsOf(), { symbol }));
  const saves: number[] = [];
  const saveFloors: number[] = [];
  for (let round = 0; round < 5; round++) {
    await temp.store.database.script("DELETE FROM bars; DROP TABLE IF EXISTS floor_bars");
    saveFloors.push(await timed(() => insertBare(temp, histories)));
    saves.push(await timed(() => saveAll(market, histories)));
  }
  const rows = symbols.length * barsPerSymbol;
  const rate = (ms: number): number => rows / ms * 1_000;
  report.add({
    case: "save 5 × 10 years of new bars",
    value: rate(median(saves)),
    unit: "bars/s",
    floor: rate(median(saveFloors)),
  });
  const again: number[] = [];
  for (let round = 0; round < 5; round++) again.push(await timed(() => saveAll(market, histories)));
  report.add({ case: "save them again, unchanged", value: rate(median(again)), unit: "bars/s" });

  const reads: number[] = [];
  const floors: number[] = [];
  for (let round = 0; round < rounds; round++) {
    floors.push(await timed(() => readBare(temp)));
    reads.push(await timed(() => readAll(market)));
  }
  report.add({
    case: "read 5 × 10 years of bars",
    value: median(reads),
    unit: "ms",
    floor: median(floors),
  });
}

function barsOf() {
  return Array.from({ length: barsPerSymbol }, (_, day) => {
    const start = new Date(Date.UTC(2016, 0, 4, 14, 30) + day * dayMs).toISOString();
    return { ...barOf(start.slice(0, 10)), start, close: 100 + day / 100 };
  });
}

async function saveAll(market: Market, histories: readonly unknown[]): Promise<void> {
  for (const history of histories) await market.capabilities.save_bars({ history }, "fake");
}

async function readAll(market: Market): Promise<void> {
  for (const symbol of symbols) {
    const series = { symbol, interval: "1d", source: "fake" };
    let [count, before] = [0, undefined as string | undefined];
    do {
      const { bars } = await market.capabilities.get_bars({ ...series, before });
      count += bars.length;
      before = bars[0]?.start;
    } while (before !== undefined);
    if (count !== barsPerSymbol) throw new Error(`${count} bars of ${symbol}`);
  }
}

async function readBare({ store }: TempStore): Promise<void> {
  for (const symbol of symbols) {
    const rows = await store.database.read(
      `SELECT start_at, date, open, high, low, close, adjusted_close, volume FROM bars
       WHERE source = 'fake' AND symbol = ? AND interval = '1d' ORDER BY start_at`,
      [symbol],
    );
    if (rows.length !== barsPerSymbol) throw new Error(`${rows.length} rows of ${symbol}`);
  }
}

async function insertBare(
  { store }: TempStore,
  histories: readonly ReturnType<typeof historyOf>[],
): Promise<void> {
  await store.database.script(
    `CREATE TABLE floor_bars (symbol TEXT, start_at TEXT, date TEXT, open REAL, high REAL,
       low REAL, close REAL, adjusted_close REAL, volume REAL,
       PRIMARY KEY (symbol, start_at)) STRICT, WITHOUT ROWID`,
  );
  for (const { symbol, bars } of histories) {
    const sql = `INSERT INTO floor_bars
      SELECT ?2, value ->> 'start', value ->> 'date', value ->> 'open', value ->> 'high',
        value ->> 'low', value ->> 'close', value ->> 'adjusted_close', value ->> 'volume'
      FROM json_each(?1)`;
    await store.database.write([{ sql, args: [JSON.stringify(bars), symbol] }]);
  }
}

async function timed(action: () => Promise<void>): Promise<number> {
  const begunAt = performance.now();
  await action();
  return performance.now() - begunAt;
}
