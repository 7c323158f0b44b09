/**
 * Keeps market data for the data agents and gives it back: serves `market.*` on the bus. Values
 * of one source never answer for another's, so simulated data can't be taken for real.
 */

import { z } from "zod";
import { write } from "../store/commits.ts";
import type { Row } from "../store/database.ts";
import type { Store } from "../store/store.ts";
import { Bar, Finding, History, Interval, MarketSymbol, Quote, SourceName } from "./shapes.ts";
import { insertBar, saveBar, saveFinding, saveQuote } from "./tables.ts";

const quotesMax = 500;
const findingsMax = 5_000;
/** Twice what the longest daily history has; a save of as many holds the daemon for a second. */
const barsSavedMax = 50_000;
const barsReadMax = 100_000;

const series = { symbol: MarketSymbol, interval: Interval, source: SourceName };
const SaveQuotes = z.strictObject({ quotes: z.array(Quote).max(quotesMax) });
const SaveBars = z.strictObject({
  history: History.extend({ bars: z.array(Bar).max(barsSavedMax) }),
});
const SaveFindings = z.strictObject({ findings: z.array(Finding).max(findingsMax) });
const GetDates = z.strictObject(series);
const GetBars = z.strictObject({
  ...series,
  from: z.iso.date().optional(),
  to: z.iso.date().optional(),
  limit: z.int().min(1).max(barsReadMax).default(barsReadMax),
});

export class Market {
  readonly #store: Store;
  readonly #now: () => number;

  constructor(store: Store, now: () => number = Date.now) {
    this.#store = store;
    this.#now = now;
  }

  /** The capabilities served on the bus, by name. Input is unchecked JSON. */
  readonly capabilities = {
    save_quotes: async (input: unknown): Promise<{ saved: number }> => {
      const { quotes } = SaveQuotes.parse(input);
      const recorded_at = this.#now();
      const rows = quotes.map(({ as_of, ...quote }) =>
        write(saveQuote, { ...quote, as_of: Date.parse(as_of), recorded_at })
      );
      return { saved: (await this.#store.commits.commit(rows)).filter(Boolean).length };
    },

    save_bars: async (input: unknown): Promise<{ inserted: number; changed: number }> => {
      const { history } = SaveBars.parse(input);
      const { source, symbol, interval, currency, bars } = history;
      const recorded_at = this.#now();
      // One that is told twice counts once, as it was told last.
      const byStart = new Map(bars.map(({ start, ...bar }) => {
        const start_at = Date.parse(start);
        const row = { ...bar, source, symbol, interval, currency, start_at, recorded_at };
        return [start_at, row] as const;
      }));
      const rows = [...byStart.values()];
      const applied = await this.#store.commits.commit([
        ...rows.map((row) => write(insertBar, row)),
        ...rows.map((row) => write(saveBar, row)),
      ]);
      const isNew = applied.slice(0, rows.length);
      const isOther = applied.slice(rows.length);
      return {
        inserted: isNew.filter(Boolean).length,
        changed: isOther.filter((other, index) => other && !isNew[index]).length,
      };
    },

    get_bars: async (input: unknown): Promise<{ bars: Bar[] }> => {
      const { source, symbol, interval, from, to, limit } = GetBars.parse(input);
      // The newest ones when there are more than the limit, oldest first.
      const rows = await this.#store.database.read(
        `SELECT * FROM (
           SELECT start_at, date, open, high, low, close, adjusted_close, volume FROM bars
           WHERE source = ?1 AND symbol = ?2 AND interval = ?3
             AND date >= ?4 AND date <= ?5
           ORDER BY start_at DESC LIMIT ?6)
         ORDER BY start_at`,
        [source, symbol, interval, from ?? "0000-00-00", to ?? "9999-99-99", limit],
      );
      return { bars: rows.map(toBar) };
    },

    get_dates: async (input: unknown): Promise<{ dates: string[] }> => {
      const { source, symbol, interval } = GetDates.parse(input);
      const rows = await this.#store.database.read(
        `SELECT DISTINCT date FROM bars WHERE source = ? AND symbol = ? AND interval = ?
         ORDER BY date`,
        [source, symbol, interval],
      );
      return { dates: rows.map(({ date }) => String(date)) };
    },

    save_findings: async (input: unknown, agent: string): Promise<{ saved: number }> => {
      const { findings } = SaveFindings.parse(input);
      const seen_at = this.#now();
      const rows = findings.map(({ interval, at, ...finding }) =>
        write(saveFinding, {
          ...finding,
          interval: interval ?? "",
          at: at === null ? 0 : Date.parse(at),
          agent_id: agent,
          seen_at,
        })
      );
      return { saved: (await this.#store.commits.commit(rows)).filter(Boolean).length };
    },
  };
}

function toBar(row: Row): Bar {
  return {
    start: new Date(Number(row.start_at)).toISOString(),
    date: String(row.date),
    open: Number(row.open),
    high: Number(row.high),
    low: Number(row.low),
    close: Number(row.close),
    adjusted_close: row.adjusted_close === null ? null : Number(row.adjusted_close),
    volume: row.volume === null ? null : Number(row.volume),
  };
}
