/**
 * Keeps market data for the data agents and gives it back: serves `market.*` on the bus. Values
 * of one source never answer for another's, so simulated data can't be taken for real.
 *
 * A bar is what its source told last, and `recorded_at` is when that became known; what it was
 * before stays as a revision. So a read with `as_of` gives what was known at that instant, and
 * nothing that was learned later.
 */

import { z } from "zod";
import { write } from "../store/commits.ts";
import type { Row } from "../store/database.ts";
import type { Store } from "../store/store.ts";
import { Findings } from "./findings.ts";
import {
  forgetEstimates,
  keepRevision,
  quarantineBar,
  releaseBar,
  saveEvent,
} from "./history_tables.ts";
import { Bar, History, Interval, MarketEvent, MarketSymbol, Quote, SourceName } from "./shapes.ts";
import { insertBar, saveBar, saveQuote } from "./tables.ts";

const quotesMax = 500;
/** Twice what the longest daily history has; a save of as many holds the daemon for a second. */
const barsSavedMax = 50_000;
const barsReadMax = 100_000;
const eventsMax = 5_000;
const quarantinedMax = 5_000;

const series = { symbol: MarketSymbol, interval: Interval, source: SourceName };
const SaveQuotes = z.strictObject({ quotes: z.array(Quote).max(quotesMax) });
const SaveBars = z.strictObject({
  history: History.extend({ bars: z.array(Bar).max(barsSavedMax) }),
});
const Series = z.strictObject(series);
const GetBars = z.strictObject({
  ...series,
  from: z.iso.date().optional(),
  to: z.iso.date().optional(),
  as_of: z.iso.datetime().optional(),
  limit: z.int().min(1).max(barsReadMax).default(barsReadMax),
});
const QuarantineBars = z.strictObject({
  ...series,
  bars: z.array(z.strictObject({ bar: Bar, reason: z.string() })).max(quarantinedMax),
});
const SaveEvents = z.strictObject({
  symbol: MarketSymbol,
  source: SourceName,
  events: z.array(MarketEvent).max(eventsMax),
  /** True when `events` holds all that is expected: other expected dates are forgotten. */
  complete: z.boolean().default(false),
});
const GetEvents = z.strictObject({
  symbol: MarketSymbol,
  source: SourceName,
  from: z.iso.date().optional(),
  to: z.iso.date().optional(),
});

const dayMs = 86_400_000;
/** How long a bar's period is at most, in milliseconds. */
const lengthMs = {
  "1m": 60_000,
  "2m": 120_000,
  "5m": 300_000,
  "15m": 900_000,
  "30m": 1_800_000,
  "1h": 3_600_000,
  "1d": dayMs,
  "1wk": 7 * dayMs,
  "1mo": 31 * dayMs,
} as const satisfies Record<Interval, number>;

/** What makes a bar another one. */
const compared = [
  "open",
  "high",
  "low",
  "close",
  "adjusted_close",
  "volume",
  "currency",
] as const;

/** What there is of a series; nulls where there is nothing. */
export interface SeriesState {
  readonly bars: number;
  readonly first_date: string | null;
  readonly last_date: string | null;
  readonly currency: string | null;
  readonly quarantined: number;
}

export class Market {
  readonly findings: Findings;
  readonly #store: Store;
  readonly #now: () => number;

  constructor(store: Store, now: () => number = Date.now) {
    this.#store = store;
    this.#now = now;
    this.findings = new Findings(store, now);
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
    save_bars: async (
      input: unknown,
    ): Promise<{ inserted: number; changed: number; revised: number }> =>
      await this.#saveBars(SaveBars.parse(input).history),
    get_bars: async (input: unknown): Promise<{ bars: Bar[] }> => ({
      bars: await this.#bars(GetBars.parse(input)),
    }),
    get_dates: async (input: unknown): Promise<{ dates: string[] }> => {
      const { source, symbol, interval } = Series.parse(input);
      const rows = await this.#store.database.read(
        `SELECT DISTINCT date FROM bars WHERE source = ? AND symbol = ? AND interval = ?
         ORDER BY date`,
        [source, symbol, interval],
      );
      return { dates: rows.map(({ date }) => String(date)) };
    },
    get_series: async (input: unknown): Promise<SeriesState> =>
      await this.#series(Series.parse(input)),
    quarantine_bars: async (input: unknown): Promise<{ saved: number }> => {
      const { bars, ...of } = QuarantineBars.parse(input);
      const quarantined_at = this.#now();
      const rows = bars.map(({ bar, reason }) =>
        write(quarantineBar, {
          ...of,
          start_at: Date.parse(bar.start),
          date: bar.date,
          bar: JSON.stringify(bar),
          reason,
          quarantined_at,
        })
      );
      return { saved: (await this.#store.commits.commit(rows)).filter(Boolean).length };
    },
    save_events: async (input: unknown): Promise<{ saved: number }> => {
      const { symbol, source, events, complete } = SaveEvents.parse(input);
      const recorded_at = this.#now();
      const rows = events.map((event) =>
        write(saveEvent, { ...event, source, symbol, recorded_at })
      );
      const applied = await this.#store.commits.commit(
        complete ? [...rows, write(forgetEstimates, { source, symbol })] : rows,
      );
      return { saved: applied.slice(0, rows.length).filter(Boolean).length };
    },
    get_events: async (input: unknown): Promise<{ events: MarketEvent[] }> =>
      await this.#events(GetEvents.parse(input)),
    save_findings: (input: unknown, agent: string): Promise<{ saved: number }> =>
      this.findings.save(input, agent),
    get_findings: (input: unknown) => this.findings.list(input),
  };

  async #saveBars(
    { source, symbol, interval, currency, bars }: History,
  ): Promise<{ inserted: number; changed: number; revised: number }> {
    const recorded_at = this.#now();
    const length_ms = lengthMs[interval];
    // One that is told twice counts once, as it was told last.
    const byStart = new Map(bars.map(({ start, ...bar }) => {
      const start_at = Date.parse(start);
      const row = { ...bar, source, symbol, interval, currency, start_at, recorded_at, length_ms };
      return [start_at, row] as const;
    }));
    const rows = [...byStart.values()];
    const known = await this.#known(source, symbol, interval, rows.map(({ start_at }) => start_at));
    // most of what is loaded is known already: it costs a comparison and no write
    const fresh = rows.filter(({ start_at }) => !known.bars.has(start_at));
    const other = rows.filter((row) => {
      const bar = known.bars.get(row.start_at);
      return bar !== undefined && compared.some((name) => bar[name] !== row[name]);
    });
    const applied = await this.#store.commits.commit([
      ...fresh.map((row) => write(insertBar, row)),
      ...other.map((row) => write(keepRevision, row)),
      // the new ones too: another caller may have inserted them meanwhile
      ...[...fresh, ...other].map((row) => write(saveBar, row)),
      ...known.quarantined ? rows.map((row) => write(releaseBar, row)) : [],
    ]);
    const isNew = applied.slice(0, fresh.length);
    const isRevised = applied.slice(fresh.length, fresh.length + other.length);
    const written = fresh.length + other.length;
    const isSaved = applied.slice(written, 2 * written);
    return {
      inserted: isNew.filter(Boolean).length,
      changed: isSaved.filter((saved, index) => saved && !isNew[index]).length,
      revised: isRevised.filter(Boolean).length,
    };
  }

  /** The stored bars among some instants, and whether any of the series is in quarantine. */
  async #known(
    source: string,
    symbol: string,
    interval: Interval,
    starts: readonly number[],
  ): Promise<{ readonly bars: ReadonlyMap<number, Row>; readonly quarantined: boolean }> {
    const from = starts.reduce((a, b) => Math.min(a, b), Infinity);
    const to = starts.reduce((a, b) => Math.max(a, b), -Infinity);
    if (starts.length === 0) return { bars: new Map(), quarantined: false };
    const rows = await this.#store.database.read(
      `SELECT start_at, ${compared.join(", ")} FROM bars
       WHERE source = ? AND symbol = ? AND interval = ? AND start_at BETWEEN ? AND ?`,
      [source, symbol, interval, from, to],
    );
    const [quarantine] = await this.#store.database.read(
      `SELECT 1 FROM quarantined_bars WHERE source = ? AND symbol = ? AND interval = ? LIMIT 1`,
      [source, symbol, interval],
    );
    const bars = new Map(rows.map((row) => [Number(row.start_at), row]));
    return { bars, quarantined: quarantine !== undefined };
  }

  /** The newest ones when there are more than the limit, oldest first. */
  async #bars(query: z.output<typeof GetBars>): Promise<Bar[]> {
    const { source, symbol, interval, from, to, as_of, limit } = query;
    const range = [source, symbol, interval, from ?? "0000-00-00", to ?? "9999-99-99", limit];
    const where = `WHERE source = ?1 AND symbol = ?2 AND interval = ?3
      AND date >= ?4 AND date <= ?5`;
    const sql = as_of === undefined
      ? `SELECT ${served} FROM bars ${where} ORDER BY start_at DESC LIMIT ?6`
      : `SELECT ${served} FROM bars ${where} AND recorded_at <= ?7
         UNION ALL
         SELECT ${served} FROM bar_revisions ${where} AND known_at <= ?7 AND superseded_at > ?7
         ORDER BY start_at DESC LIMIT ?6`;
    const args = as_of === undefined ? range : [...range, Date.parse(as_of)];
    return (await this.#store.database.read(sql, args)).map(toBar).reverse();
  }

  async #series({ source, symbol, interval }: z.output<typeof Series>): Promise<SeriesState> {
    const key = [source, symbol, interval];
    const [row] = await this.#store.database.read(
      `SELECT count(*) AS bars, min(date) AS first_date, max(date) AS last_date,
         (SELECT currency FROM bars WHERE source = ?1 AND symbol = ?2 AND interval = ?3
          ORDER BY start_at DESC LIMIT 1) AS currency,
         (SELECT count(*) FROM quarantined_bars
          WHERE source = ?1 AND symbol = ?2 AND interval = ?3) AS quarantined
       FROM bars WHERE source = ?1 AND symbol = ?2 AND interval = ?3`,
      key,
    );
    const text = (value: unknown): string | null => value === null ? null : String(value);
    return {
      bars: Number(row?.bars ?? 0),
      first_date: text(row?.first_date ?? null),
      last_date: text(row?.last_date ?? null),
      currency: text(row?.currency ?? null),
      quarantined: Number(row?.quarantined ?? 0),
    };
  }

  async #events(
    { source, symbol, from, to }: z.output<typeof GetEvents>,
  ): Promise<{ events: MarketEvent[] }> {
    const rows = await this.#store.database.read(
      `SELECT * FROM market_events
       WHERE source = ?1 AND symbol = ?2 AND date >= ?3 AND date <= ?4
       ORDER BY date DESC, kind LIMIT ?5`,
      [source, symbol, from ?? "0000-00-00", to ?? "9999-99-99", eventsMax],
    );
    const events = rows.map((row) =>
      MarketEvent.parse({ ...row, estimated: Number(row.estimated) === 1 })
    );
    return { events: events.reverse() };
  }
}

const served = "start_at, date, open, high, low, close, adjusted_close, volume";

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
