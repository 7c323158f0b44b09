/** What was known at an earlier instant of a series of bars: its dates, and it as a whole. */

import type { Store } from "../store/store.ts";
import type { SeriesState } from "../sdk/series.ts";
import { Series, seriesOf } from "./series.ts";

const of = "source = ?1 AND symbol = ?2 AND interval = ?3";
/** The bars that were known at `?4`, with the values of then. */
const known = `SELECT start_at, date, currency FROM bars WHERE ${of} AND recorded_at <= ?4
  UNION ALL
  SELECT start_at, date, currency FROM bar_revisions
  WHERE ${of} AND known_at <= ?4 AND superseded_at > ?4`;

export class PastBars {
  readonly #store: Store;

  constructor(store: Store) {
    this.#store = store;
  }

  /** Ascending. Input is unchecked JSON. */
  async dates(input: unknown, asOfMs: number): Promise<{ dates: string[] }> {
    const rows = await this.#store.database.read(
      `SELECT DISTINCT date FROM (${known}) ORDER BY date`,
      [...seriesOf(Series.parse(input)), asOfMs],
    );
    return { dates: rows.map(({ date }) => String(date)) };
  }

  /** What was asked for, and what is restated, has no instant: it is not told. */
  async state(input: unknown, asOfMs: number): Promise<SeriesState> {
    const [row] = await this.#store.database.read(
      `WITH known AS (${known})
       SELECT count(*) AS bars, min(date) AS first_date, max(date) AS last_date,
         (SELECT currency FROM known ORDER BY start_at DESC LIMIT 1) AS currency,
         (SELECT timezone FROM bar_series WHERE ${of}) AS timezone,
         (SELECT calendar FROM bar_series WHERE ${of}) AS calendar,
         (SELECT count(*) FROM quarantined_bars WHERE ${of} AND quarantined_at <= ?4)
           AS quarantined
       FROM known`,
      [...seriesOf(Series.parse(input)), asOfMs],
    );
    const bars = Number(row?.bars ?? 0);
    // A series of which nothing was known had no place either.
    const text = (value: unknown): string | null =>
      bars === 0 || value === null || value === undefined ? null : String(value);
    return {
      bars,
      first_date: text(row?.first_date),
      last_date: text(row?.last_date),
      currency: text(row?.currency),
      timezone: text(row?.timezone),
      calendar: text(row?.calendar),
      asked_from: null,
      events_pending: 0,
      quarantined: Number(row?.quarantined ?? 0),
    };
  }
}
