/** SQL for reads of a whole series of bars, now and as of an earlier instant. */

import type { SeriesKey } from "../../operations/bars.ts";
import type { StoredSeries } from "../../reads/bars.ts";
import { textOrNull } from "../columns.ts";
import type { ReadRow } from "../reading.ts";

/** The condition whose parameters {@link seriesOf} binds. */
export const ofSeries = "source = ?1 AND symbol = ?2 AND interval = ?3";

export function seriesOf({ source, symbol, interval }: SeriesKey): [string, string, string] {
  return [source, symbol, interval];
}

export const seriesSql = `WITH span AS (
    SELECT count(*) AS bars, min(date) AS first_date, max(date) AS last_date
    FROM bars WHERE ${ofSeries})
  SELECT span.*,
    (SELECT currency FROM bars WHERE ${ofSeries} ORDER BY start_at DESC LIMIT 1) AS currency,
    (SELECT timezone FROM bar_series WHERE ${ofSeries}) AS timezone,
    (SELECT calendar FROM bar_series WHERE ${ofSeries}) AS calendar,
    (SELECT asked_from FROM bar_series WHERE ${ofSeries}) AS asked_from,
    (SELECT count(*) FROM (
      SELECT kind, date FROM market_events WHERE source = ?1 AND symbol = ?2
        AND kind IN ('split', 'dividend') AND estimated = 0
        AND date > first_date AND date <= last_date
      EXCEPT SELECT kind, date FROM series_events WHERE ${ofSeries})) AS events_pending,
    (SELECT count(*) FROM quarantined_bars WHERE ${ofSeries}) AS quarantined
  FROM span`;

/**
 * Covers the bars that were known at `?4`; without one, the facts of the series are unknown too.
 */
export const pastSeriesSql = `WITH known AS (
    SELECT start_at, date, currency FROM bars WHERE ${ofSeries} AND recorded_at <= ?4
    UNION ALL
    SELECT start_at, date, currency FROM bar_revisions
    WHERE ${ofSeries} AND known_at <= ?4 AND superseded_at > ?4)
  SELECT count(*) AS bars, min(date) AS first_date, max(date) AS last_date,
    (SELECT currency FROM known ORDER BY start_at DESC LIMIT 1) AS currency,
    (SELECT timezone FROM bar_series WHERE ${ofSeries} AND EXISTS (SELECT 1 FROM known))
      AS timezone,
    (SELECT calendar FROM bar_series WHERE ${ofSeries} AND EXISTS (SELECT 1 FROM known))
      AS calendar,
    NULL AS asked_from, 0 AS events_pending,
    (SELECT count(*) FROM quarantined_bars WHERE ${ofSeries} AND quarantined_at <= ?4)
      AS quarantined
  FROM known`;

export function toSeries(row: ReadRow): StoredSeries {
  return {
    bars: Number(row.bars ?? 0),
    first_date: textOrNull(row.first_date),
    last_date: textOrNull(row.last_date),
    currency: textOrNull(row.currency),
    timezone: textOrNull(row.timezone),
    calendar: textOrNull(row.calendar),
    asked_from: textOrNull(row.asked_from),
    events_pending: Number(row.events_pending ?? 0),
    quarantined: Number(row.quarantined ?? 0),
  };
}
