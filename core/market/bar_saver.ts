/**
 * Saves bars together with what their source said about them in one transaction, so that a crash
 * leaves all or nothing. Saves of one series run one after another, so that each is compared with
 * the result of the one before.
 */

import { z } from "zod";
import type { Operation } from "../store/operation.ts";
import { type BarTuple, barValues } from "../store/operations/bars.ts";
import type { KnownBar } from "../store/reads/bars.ts";
import type { Store } from "../store/store.ts";
import { eventsMax, saveEvent, type Series } from "./series.ts";
import { Bar, History, type Interval, MarketEvent } from "../sdk/market.ts";

/** Twice the longest daily history; saving this many takes the daemon half a second. */
const barsSavedMax = 50_000;

const SaveBars = z.strictObject({
  history: History.extend({
    bars: z.array(Bar).max(barsSavedMax),
    events: z.array(MarketEvent).max(eventsMax),
  }),
  /** Whether the history reaches back to the first stored bar, so that all bars are restated. */
  restated: z.boolean().default(false),
});

const dayMs = 86_400_000;
/** The longest period of a bar, in milliseconds. */
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

/** The result of a save: new bars, changed bars, and the past ones among the changed. */
export interface Saved {
  readonly inserted: number;
  readonly changed: number;
  readonly revised: number;
}

export class BarSaver {
  readonly #store: Store;
  readonly #now: () => number;
  /** The last save in progress of each series. */
  readonly #saving = new Map<string, Promise<unknown>>();

  constructor(store: Store, now: () => number) {
    this.#store = store;
    this.#now = now;
  }

  /** Input is unchecked JSON. */
  async save(input: unknown): Promise<Saved> {
    const { history, restated } = SaveBars.parse(input);
    const key = [history.source, history.symbol, history.interval].join("/");
    const before = this.#saving.get(key) ?? Promise.resolve();
    const saved = before.then(() => this.#save(history, restated));
    // a failed save concerns only its caller, and must not block the next one
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
    // a bar that is given twice counts once, with its last values
    const byStart = new Map(history.bars.map(({ start, ...bar }) => {
      const start_at = Date.parse(start);
      return [start_at, { ...bar, currency, start_at }] as const;
    }));
    const known = await this.#known(of, [...byStart.keys()]);
    // most loaded bars are already known; they cost a comparison but no write
    const written = [...byStart.values()].filter((row) => {
      const bar = known.bars.get(row.start_at);
      return bar === undefined || barValues.some((name) => bar[name] !== row[name]);
    });
    const changed = written.filter(({ start_at }) => known.bars.has(start_at));
    // if the clock was set back, new data must not seem older than the data it replaces
    const recorded_at = changed.reduce(
      (atMs, { start_at }) => Math.max(atMs, (known.bars.get(start_at)?.recorded_at ?? 0) + 1),
      nowMs,
    );
    const length_ms = lengthMs[interval];
    const dates = restated || await this.#isEmpty(of)
      ? [
        ...events,
        ...await this.#store.read({ read: "adjusting_events", ...of, limit: eventsMax }),
      ]
      : [];
    // in one transaction, so that a crash never leaves an event without its restated bars
    const operations: Operation[] = [
      ...changed.map((row): Operation => (
        { kind: "keep_revision", ...of, ...row, recorded_at, length_ms }
      )),
      { kind: "save_series", ...of, timezone, calendar },
    ];
    if (written.length > 0) {
      const bars = written.map(toTuple);
      operations.push({ kind: "save_bars", ...of, currency, recorded_at, bars });
    }
    if (known.isQuarantined) {
      for (const start_at of byStart.keys()) {
        operations.push({ kind: "release_bar", ...of, start_at });
      }
    }
    for (const event of events) operations.push(saveEvent(of, event, recorded_at));
    for (const { kind, date } of dates) {
      operations.push({ kind: "note_restated", ...of, event_kind: kind, date });
    }
    const applied = await this.#store.commit(operations);
    return {
      inserted: written.length - changed.length,
      changed: changed.length,
      revised: applied.slice(0, changed.length).filter(Boolean).length,
    };
  }

  async #isEmpty(of: Series): Promise<boolean> {
    return !await this.#store.read({ read: "has_bars", ...of });
  }

  /** The stored bars between two instants, and whether the series has bars in quarantine. */
  async #known(
    of: Series,
    starts: readonly number[],
  ): Promise<{ readonly bars: ReadonlyMap<number, KnownBar>; readonly isQuarantined: boolean }> {
    if (starts.length === 0) return { bars: new Map(), isQuarantined: false };
    const fromMs = starts.reduce((a, b) => Math.min(a, b));
    const toMs = starts.reduce((a, b) => Math.max(a, b));
    const bars = await this.#store.read({ read: "known_bars", ...of, fromMs, toMs });
    const isQuarantined = await this.#store.read({ read: "has_quarantined_bars", ...of });
    return { bars: new Map(bars.map((bar) => [bar.start_at, bar])), isQuarantined };
  }
}

function toTuple(
  { start_at, date, open, high, low, close, adjusted_close, volume }: Omit<Bar, "start"> & {
    readonly start_at: number;
  },
): BarTuple {
  return [start_at, date, open, high, low, close, adjusted_close, volume];
}
