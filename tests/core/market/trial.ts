/** Stored market data in a store of its own, under the test's clock. */

import assert from "node:assert/strict";
import type { Bar, History } from "100ac";
import type { Market } from "../../../core/market/market.ts";
import { barOf, historyOf } from "../../agents/market_values.ts";
import { openTempMarket } from "../../support/temp_market.ts";

type Capabilities = Market["capabilities"];

interface Counts {
  readonly inserted: number;
  readonly changed: number;
  readonly revised: number;
}

export interface MarketTrial extends AsyncDisposable {
  readonly whole: Market;
  readonly market: Capabilities;
  readonly events: { readonly topic: string; readonly body: unknown }[];
  nowMs: number;
  /** Saves what a source answered about AAPL, as that source's agent. */
  answer(
    bars: readonly Bar[],
    changes?: Partial<History>,
    asked?: { readonly from?: string; readonly until?: string },
  ): ReturnType<Capabilities["save_bars"]>;
  /** The same, and it must not be held back. */
  save(...answer: Parameters<MarketTrial["answer"]>): Promise<Counts>;
  /** The dates of the bars that `get_bars` returns. */
  dates(input?: Record<string, unknown>): Promise<string[]>;
  closes(input?: Record<string, unknown>): Promise<number[]>;
  rows(sql: string): Promise<Record<string, unknown>[]>;
}

/** The series that {@link MarketTrial.answer} saves by default. */
export const series = { symbol: "AAPL", interval: "1d", source: "fake" };

/** A bar that has one price, 100 units of it. */
export function flatBar(date: string, price: number, changes: Partial<Bar> = {}): Bar {
  const prices = { open: price, high: price, low: price, close: price, volume: 100 };
  return barOf(date, { ...prices, ...changes });
}

/** Two agents provide the source of their name: `fake` and `simulated`. */
export async function tryMarket(): Promise<MarketTrial> {
  const opened = await openTempMarket(() => trial.nowMs, ["fake", "simulated"]);
  const { market: whole, events, temp } = opened;
  const market = whole.capabilities;
  const trial: MarketTrial = {
    whole,
    market,
    events,
    nowMs: Date.UTC(2026, 0, 16),
    answer: (bars, changes, asked = {}) => {
      const history = historyOf("AAPL", bars, changes);
      return market.save_bars({ history, asked }, history.source);
    },
    save: async (...answer) => {
      const { held_back, ask_from, ...counts } = await trial.answer(...answer);
      assert.deepEqual([held_back, ask_from], [null, null]);
      return counts;
    },
    dates: async (input = {}) =>
      (await market.get_bars({ ...series, ...input })).bars.map(({ date }) => date),
    closes: async (input = {}) =>
      (await market.get_bars({ ...series, ...input })).bars.map(({ close }) => close),
    rows: async (sql) => (await temp.store.database.read(sql)).map((row) => ({ ...row })),
    [Symbol.asyncDispose]: () => opened[Symbol.asyncDispose](),
  };
  return trial;
}
