/**
 * Bars as they are kept. A bar is what its source told last, and `recorded_at` is when that became
 * known; what it was before stays as a revision. So a read with `as_of` gives what was known at
 * that instant, and nothing that was learned later.
 */

import { z } from "zod";
import { write } from "../store/sqlite/commits.ts";
import type { Row } from "../store/sqlite/database.ts";
import type { Store } from "../store/store.ts";
import { noteAbsent, noteAsked, quarantineBar } from "./history_tables.ts";
import {
  type DatedEvent,
  eventsMax,
  knownUntil,
  Series,
  series,
  seriesOf,
  toDated,
} from "./series.ts";
import { Bar } from "../sdk/market.ts";
import type { Absence, SeriesState } from "../sdk/series.ts";

/** A page of bars holds the daemon's thread for 20 ms. Who wants more asks page by page. */
const barsReadMax = 1_000;
const quarantinedMax = 5_000;
const absentMax = 50_000;

const GetBars = z.strictObject({
  ...series,
  from: z.iso.date().optional(),
  to: z.iso.date().optional(),
  as_of: z.iso.datetime().optional(),
  /** Bars that start before this instant alone: the page before the one that begins with it. */
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
/** The last instant there is, by ECMAScript. */
const instantMsMax = 8.64e15;

export class Bars {
  readonly #store: Store;
  readonly #now: () => number;

  constructor(store: Store, now: () => number) {
    this.#store = store;
    this.#now = now;
  }

  /** Oldest first; the newest ones when there are more than the limit. Input is unchecked JSON. */
  async read(input: unknown, asOfMs?: number): Promise<{ bars: Bar[] }> {
    const { from, to, as_of, before, limit, ...of } = GetBars.parse(input);
    // a session's local date is less than a day away from the one of its first instant in UTC
    const firstMs = from === undefined ? -instantMsMax : Date.parse(from) - dayMs;
    const toMs = to === undefined ? instantMsMax : Date.parse(to) + 2 * dayMs;
    const endMs = Math.min(toMs, before === undefined ? instantMsMax : Date.parse(before));
    const range = [
      ...seriesOf(of),
      from ?? "0000-00-00",
      to ?? "9999-99-99",
      limit,
      firstMs,
      endMs,
    ];
    const where = `WHERE source = ?1 AND symbol = ?2 AND interval = ?3
      AND date >= ?4 AND date <= ?5 AND start_at >= ?7 AND start_at < ?8`;
    const untilMs = knownUntil(as_of, asOfMs);
    const sql = untilMs === undefined
      ? `SELECT ${served} FROM bars ${where} ORDER BY start_at DESC LIMIT ?6`
      : `SELECT ${served} FROM bars ${where} AND recorded_at <= ?9
         UNION ALL
         SELECT ${served} FROM bar_revisions ${where} AND known_at <= ?9 AND superseded_at > ?9
         ORDER BY start_at DESC LIMIT ?6`;
    const args = untilMs === undefined ? range : [...range, untilMs];
    return { bars: (await this.#store.database.read(sql, args)).map(toBar).reverse() };
  }

  /** The dates of a series' bars, ascending. Input is unchecked JSON. */
  async dates(input: unknown): Promise<{ dates: string[] }> {
    const rows = await this.#store.database.read(
      `SELECT DISTINCT date FROM bars WHERE source = ? AND symbol = ? AND interval = ?
       ORDER BY date`,
      seriesOf(Series.parse(input)),
    );
    return { dates: rows.map(({ date }) => String(date)) };
  }

  /** Input is unchecked JSON. */
  async state(input: unknown): Promise<SeriesState> {
    const of = "source = ?1 AND symbol = ?2 AND interval = ?3";
    const [row] = await this.#store.database.read(
      `WITH span AS (
         SELECT count(*) AS bars, min(date) AS first_date, max(date) AS last_date
         FROM bars WHERE ${of})
       SELECT span.*,
         (SELECT currency FROM bars WHERE ${of} ORDER BY start_at DESC LIMIT 1) AS currency,
         (SELECT timezone FROM bar_series WHERE ${of}) AS timezone,
         (SELECT calendar FROM bar_series WHERE ${of}) AS calendar,
         (SELECT asked_from FROM bar_series WHERE ${of}) AS asked_from,
         (SELECT count(*) FROM (
           SELECT kind, date FROM market_events WHERE source = ?1 AND symbol = ?2
             AND kind IN ('split', 'dividend') AND estimated = 0
             AND date > first_date AND date <= last_date
           EXCEPT SELECT kind, date FROM series_events WHERE ${of})) AS events_pending,
         (SELECT count(*) FROM quarantined_bars WHERE ${of}) AS quarantined
       FROM span`,
      seriesOf(Series.parse(input)),
    );
    const text = (value: unknown): string | null =>
      value === null || value === undefined ? null : String(value);
    return {
      bars: Number(row?.bars ?? 0),
      first_date: text(row?.first_date),
      last_date: text(row?.last_date),
      currency: text(row?.currency),
      timezone: text(row?.timezone),
      calendar: text(row?.calendar),
      asked_from: text(row?.asked_from),
      events_pending: Number(row?.events_pending ?? 0),
      quarantined: Number(row?.quarantined ?? 0),
    };
  }

  /** Splits and dividends that all bars are restated for. Input is unchecked JSON. */
  async restatedFor(input: unknown): Promise<{ events: DatedEvent[] }> {
    const rows = await this.#store.database.read(
      `SELECT kind, date FROM series_events WHERE source = ? AND symbol = ? AND interval = ?
       ORDER BY date DESC LIMIT ${eventsMax}`,
      seriesOf(Series.parse(input)),
    );
    return { events: rows.map(toDated) };
  }

  /** Keeps bars with an error apart, to be looked at. Input is unchecked JSON. */
  async quarantine(input: unknown): Promise<{ saved: number }> {
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
  }

  /** Remembers what a source was asked for, and what it lacks. Input is unchecked JSON. */
  async noteAsked(input: unknown): Promise<Record<string, never>> {
    const { from, absent, ...of } = NoteAsked.parse(input);
    const asked_at = this.#now();
    await this.#store.commits.commit([
      ...from === undefined ? [] : [write(noteAsked, { ...of, from })],
      ...[...new Set(absent)].map((date) => write(noteAbsent, { ...of, date, asked_at })),
    ]);
    return {};
  }

  /** The sessions that the source lacked when it was asked. Input is unchecked JSON. */
  async absences(input: unknown): Promise<{ absences: Absence[] }> {
    const rows = await this.#store.database.read(
      `SELECT date, asked_at, times_asked FROM absent_sessions
       WHERE source = ? AND symbol = ? AND interval = ? ORDER BY date DESC LIMIT ${absentMax}`,
      seriesOf(Series.parse(input)),
    );
    const absences = rows.map(({ date, asked_at, times_asked }) => ({
      date: String(date),
      asked_at: new Date(Number(asked_at)).toISOString(),
      times_asked: Number(times_asked),
    }));
    return { absences: absences.reverse() };
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
