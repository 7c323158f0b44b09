/** SQL for reads of a whole series of bars, now and as of an earlier instant. */

import type { SeriesKey } from "../../operations/bars.ts";
import type { StoredSeries } from "../../reads/bars.ts";
import { numberOrNull, textOrNull } from "../columns.ts";
import type { ReadRow } from "../reading.ts";
import { versionsSql } from "./versions.ts";

/** The condition whose parameters {@link seriesOf} binds. */
export const ofSeries = "source = ?1 AND symbol = ?2 AND interval = ?3";

/** Past reads see final bars only. */
export const finalOfSeries = `${ofSeries} AND recorded_at >= ends_at`;

export function seriesOf({ source, symbol, interval }: SeriesKey): [string, string, string] {
  return [source, symbol, interval];
}

function seriesFact(name: string): string {
  return `(SELECT ${name} FROM bar_series WHERE ${ofSeries})`;
}

export const seriesSql = `WITH span AS (
    SELECT count(*) AS bars, min(date) AS first_date, max(date) AS last_date,
      max(recorded_at) AS recorded_at
    FROM bars WHERE ${ofSeries})
  SELECT span.*,
    (SELECT date FROM bars WHERE ${ofSeries} AND recorded_at >= ends_at
     ORDER BY slot DESC LIMIT 1) AS final_date,
    (SELECT currency FROM bars WHERE ${ofSeries} ORDER BY slot DESC LIMIT 1) AS currency,
    ${seriesFact("timezone")} AS timezone, ${seriesFact("calendar")} AS calendar,
    ${seriesFact("basis")} AS basis, ${seriesFact("agent_id")} AS agent,
    ${seriesFact("asked_from")} AS asked_from,
    (SELECT count(*) FROM quarantined_bars WHERE ${ofSeries}) AS quarantined
  FROM span`;

const known = versionsSql({
  current: "bars",
  revisions: "bar_revisions",
  key: "slot",
  columns: "slot, date, currency",
  where: finalOfSeries,
  asOf: "?4",
  recordedBy: "?5",
});

/** Covers the bars that were known then; without one, the facts of the series are unknown too. */
export const pastSeriesSql = `WITH known AS MATERIALIZED (SELECT * FROM ${known}),
    span AS (
      SELECT count(*) AS bars, min(date) AS first_date, max(date) AS last_date,
        max(recorded_at) AS recorded_at FROM known)
  SELECT span.*,
    (SELECT currency FROM known ORDER BY slot DESC LIMIT 1) AS currency,
    iif(bars > 0, ${seriesFact("timezone")}, NULL) AS timezone,
    iif(bars > 0, ${seriesFact("calendar")}, NULL) AS calendar,
    iif(bars > 0, ${seriesFact("basis")}, NULL) AS basis,
    iif(bars > 0, ${seriesFact("agent_id")}, NULL) AS agent,
    last_date AS final_date, NULL AS asked_from,
    (SELECT count(*) FROM quarantined_bars WHERE ${ofSeries} AND quarantined_at <= min(?4, ?5))
      AS quarantined
  FROM span`;

export function toSeries(row: ReadRow): StoredSeries {
  return {
    bars: Number(row.bars ?? 0),
    first_date: textOrNull(row.first_date),
    last_date: textOrNull(row.last_date),
    final_date: textOrNull(row.final_date),
    currency: textOrNull(row.currency),
    timezone: textOrNull(row.timezone),
    calendar: textOrNull(row.calendar),
    asked_from: textOrNull(row.asked_from),
    basis: textOrNull(row.basis),
    agent: textOrNull(row.agent),
    recorded_at: numberOrNull(row.recorded_at),
    quarantined: Number(row.quarantined ?? 0),
  };
}
