/**
 * How bars are saved: in one transaction, with what their source told beside them, so that a crash
 * leaves all of it or nothing. Saves of one series wait for each other, so that each is told apart
 * from what the one before it left.
 */

import { z } from "zod";
import { write } from "../store/sqlite/commits.ts";
import type { Row } from "../store/sqlite/database.ts";
import type { Store } from "../store/store.ts";
import {
  keepRevision,
  noteRestated,
  releaseBar,
  type RevisableBarRow,
  saveEvent,
  saveSeries,
} from "./history_tables.ts";
import { type DatedEvent, eventsMax, type Series, seriesOf, toDated } from "./series.ts";
import { Bar, History, type Interval, MarketEvent } from "../sdk/market.ts";
import { barTuple, comparedColumns, saveBars } from "./tables.ts";

/** Twice what the longest daily history has: half a second of the daemon. */
const barsSavedMax = 50_000;

const SaveBars = z.strictObject({
  history: History.extend({
    bars: z.array(Bar).max(barsSavedMax),
    events: z.array(MarketEvent).max(eventsMax),
  }),
  /** Whether it reaches back to the first stored bar, so that all are restated for its events. */
  restated: z.boolean().default(false),
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

/** What a save did: bars that were not there, that were other, and past ones among the latter. */
export interface Saved {
  readonly inserted: number;
  readonly changed: number;
  readonly revised: number;
}

export class BarSaver {
  readonly #store: Store;
  readonly #now: () => number;
  /** The last save of each series that is under way. */
  readonly #saving = new Map<string, Promise<unknown>>();

  constructor(store: Store, now: () => number) {
    this.#store = store;
    this.#now = now;
  }

  /** Input is unchecked JSON. */
  async save(input: unknown): Promise<Saved> {
    const { history, restated } = SaveBars.parse(input);
    const key = seriesOf(history).join("/");
    const before = this.#saving.get(key) ?? Promise.resolve();
    const saved = before.then(() => this.#save(history, restated));
    // a save that failed is its caller's, and keeps nobody from the next
    const settled = saved.catch(() => undefined);
    this.#saving.set(key, settled);
    try {
      return await saved;
    } finally {
      if (this.#saving.get(key) === settled) this.#saving.delete(key);
    }
  }

  async #save(history: History, restated: boolean): Promise<Saved> {
    const { source, symbol, interval, currency, timezone, calendar, events } = history;
    const of = { source, symbol, interval };
    const nowMs = this.#now();
    // one that is told twice counts once, as it was told last
    const byStart = new Map(history.bars.map(({ start, ...bar }) => {
      const start_at = Date.parse(start);
      return [start_at, { ...bar, source, symbol, interval, currency, start_at }] as const;
    }));
    const known = await this.#known(history, [...byStart.keys()]);
    // most of what is loaded is known already: it costs a comparison and no write
    const written = [...byStart.values()].filter((row) => {
      const bar = known.bars.get(row.start_at);
      return bar === undefined || comparedColumns.some((name) => bar[name] !== row[name]);
    });
    const others = written.filter(({ start_at }) => known.bars.has(start_at));
    // a clock that was put back must not make what is known now older than what was known then
    const recorded_at = others.reduce(
      (atMs, { start_at }) => Math.max(atMs, Number(known.bars.get(start_at)?.recorded_at) + 1),
      nowMs,
    );
    const rows: RevisableBarRow[] = written.map((row) => (
      { ...row, recorded_at, length_ms: lengthMs[interval] }
    ));
    const changed = rows.filter(({ start_at }) => known.bars.has(start_at));
    // with the bars, so that no crash leaves an event known whose bars are not restated
    const news = events.map((event) => write(saveEvent, { ...event, source, symbol, recorded_at }));
    const isWhole = restated || await this.#isEmpty(history);
    const dates = isWhole ? [...events, ...await this.#adjusting(history)] : [];
    const notes = dates.map(({ kind, date }) => write(noteRestated, { ...of, kind, date }));
    const applied = await this.#store.commits.commit([
      ...changed.map((row) => write(keepRevision, row)),
      write(saveSeries, { ...of, timezone, calendar }),
      ...rows.length === 0
        ? []
        : [write(saveBars, { ...of, currency, recorded_at, bars: rows.map(barTuple) })],
      ...known.isQuarantined
        ? [...byStart.values()].map((row) => write(releaseBar, { ...row, recorded_at }))
        : [],
      ...news,
      ...notes,
    ]);
    return {
      inserted: rows.length - changed.length,
      changed: changed.length,
      revised: applied.slice(0, changed.length).filter(Boolean).length,
    };
  }

  async #isEmpty(of: Series): Promise<boolean> {
    const [bar] = await this.#store.database.read(
      "SELECT 1 FROM bars WHERE source = ? AND symbol = ? AND interval = ? LIMIT 1",
      seriesOf(of),
    );
    return bar === undefined;
  }

  /** The stored bars among some instants, and whether any of the series is in quarantine. */
  async #known(
    of: Series,
    starts: readonly number[],
  ): Promise<{ readonly bars: ReadonlyMap<number, Row>; readonly isQuarantined: boolean }> {
    if (starts.length === 0) return { bars: new Map(), isQuarantined: false };
    const from = starts.reduce((a, b) => Math.min(a, b));
    const to = starts.reduce((a, b) => Math.max(a, b));
    const rows = await this.#store.database.read(
      `SELECT start_at, recorded_at, ${comparedColumns.join(", ")} FROM bars
       WHERE source = ? AND symbol = ? AND interval = ? AND start_at BETWEEN ? AND ?`,
      [...seriesOf(of), from, to],
    );
    const [quarantine] = await this.#store.database.read(
      `SELECT 1 FROM quarantined_bars WHERE source = ? AND symbol = ? AND interval = ? LIMIT 1`,
      seriesOf(of),
    );
    const bars = new Map(rows.map((row) => [Number(row.start_at), row]));
    return { bars, isQuarantined: quarantine !== undefined };
  }

  /** Splits and dividends of the symbol that the store knows, whoever told of them. */
  async #adjusting({ source, symbol }: Series): Promise<DatedEvent[]> {
    const rows = await this.#store.database.read(
      `SELECT kind, date FROM market_events
       WHERE source = ? AND symbol = ? AND kind IN ('split', 'dividend') AND estimated = 0
       ORDER BY date DESC LIMIT ${eventsMax}`,
      [source, symbol],
    );
    return rows.map(toDated);
  }
}
