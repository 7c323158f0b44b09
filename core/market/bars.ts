/**
 * Stored bars. A bar holds the latest values from its source, and `recorded_at` is when these
 * became known. Earlier values stay as revisions, so a read with `as_of` returns what was known at
 * that instant and nothing learned later.
 */

import { z } from "zod";
import type { DatedEvent, StoredBar } from "../store/reads/bars.ts";
import type { Store } from "../store/store.ts";
import { Bar } from "../sdk/market.ts";
import type { Absence, SeriesState } from "../sdk/series.ts";
import { eventsMax, knownUntil, Series, series } from "./series.ts";

/** A page of this size blocks the daemon's thread for 20 ms. Longer ranges are read in pages. */
const barsReadMax = 1_000;
const quarantinedMax = 5_000;
const absentMax = 50_000;

const GetBars = z.strictObject({
  ...series,
  from: z.iso.date().optional(),
  to: z.iso.date().optional(),
  as_of: z.iso.datetime().optional(),
  /** Only bars that start before this instant; used to read the previous page. */
  before: z.iso.datetime().optional(),
  limit: z.int().min(1).max(barsReadMax).default(barsReadMax),
});
const QuarantineBars = z.strictObject({
  ...series,
  bars: z.array(z.strictObject({ bar: Bar, reason: z.string() })).max(quarantinedMax),
});
const NoteAsked = z.strictObject({
  ...series,
  from: z.iso.date().optional(),
  absent: z.array(z.iso.date()).max(absentMax),
});

const dayMs = 86_400_000;
/** The last instant of ECMAScript. */
const instantMsMax = 8.64e15;

export class Bars {
  readonly #store: Store;
  readonly #now: () => number;

  constructor(store: Store, now: () => number) {
    this.#store = store;
    this.#now = now;
  }

  /** Oldest first; beyond the limit, only the newest. Input is unchecked JSON. */
  async read(input: unknown, asOfMs?: number): Promise<{ bars: Bar[] }> {
    const { from, to, as_of, before, limit, ...of } = GetBars.parse(input);
    const toMs = to === undefined ? instantMsMax : Date.parse(to) + 2 * dayMs;
    const bars = await this.#store.read({
      read: "bars",
      ...of,
      fromDate: from ?? "0000-00-00",
      toDate: to ?? "9999-99-99",
      // a session's local date differs by less than a day from its first instant in UTC
      fromMs: from === undefined ? -instantMsMax : Date.parse(from) - dayMs,
      endMs: Math.min(toMs, before === undefined ? instantMsMax : Date.parse(before)),
      limit,
      knownAtMs: knownUntil(as_of, asOfMs),
    });
    return { bars: bars.map(toBar) };
  }

  /** The dates of a series' bars, ascending. Input is unchecked JSON. */
  async dates(input: unknown, asOfMs?: number): Promise<{ dates: readonly string[] }> {
    const of = Series.parse(input);
    return { dates: await this.#store.read({ read: "bar_dates", ...of, knownAtMs: asOfMs }) };
  }

  /** Input is unchecked JSON. */
  async state(input: unknown, asOfMs?: number): Promise<SeriesState> {
    const of = Series.parse(input);
    return await this.#store.read({ read: "series", ...of, knownAtMs: asOfMs });
  }

  /** Splits and dividends for which all bars are restated. Input is unchecked JSON. */
  async restatedFor(input: unknown): Promise<{ events: readonly DatedEvent[] }> {
    const of = Series.parse(input);
    const events = await this.#store.read({ read: "restated_events", ...of, limit: eventsMax });
    return { events };
  }

  /** Stores invalid bars apart for review. Input is unchecked JSON. */
  async quarantine(input: unknown): Promise<{ saved: number }> {
    const { bars, ...of } = QuarantineBars.parse(input);
    const quarantined_at = this.#now();
    const saved = await this.#store.commit(bars.map(({ bar, reason }) => ({
      kind: "quarantine_bar",
      ...of,
      start_at: Date.parse(bar.start),
      date: bar.date,
      bar: JSON.stringify(bar),
      reason,
      quarantined_at,
    })));
    return { saved: saved.filter(Boolean).length };
  }

  /** Remembers what was requested from a source, and what it lacks. Input is unchecked JSON. */
  async noteAsked(input: unknown): Promise<Record<string, never>> {
    const { from, absent, ...of } = NoteAsked.parse(input);
    const asked_at = this.#now();
    await this.#store.commit([
      ...from === undefined ? [] : [{ kind: "note_asked", ...of, from } as const],
      ...[...new Set(absent)].map((date) => (
        { kind: "note_absent", ...of, date, asked_at } as const
      )),
    ]);
    return {};
  }

  /** The sessions that the source lacked when asked. Input is unchecked JSON. */
  async absences(input: unknown): Promise<{ absences: Absence[] }> {
    const of = Series.parse(input);
    const absent = await this.#store.read({ read: "absent_sessions", ...of, limit: absentMax });
    const absences = absent.map(({ asked_at, ...session }) => ({
      ...session,
      asked_at: new Date(asked_at).toISOString(),
    }));
    return { absences: absences.reverse() };
  }
}

/** Copies field by field: a rest pattern makes a page a tenth slower. */
function toBar(bar: StoredBar): Bar {
  return {
    start: new Date(bar.start_at).toISOString(),
    date: bar.date,
    open: bar.open,
    high: bar.high,
    low: bar.low,
    close: bar.close,
    adjusted_close: bar.adjusted_close,
    volume: bar.volume,
  };
}
