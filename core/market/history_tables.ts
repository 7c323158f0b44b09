/**
 * What stands beside the bars: their earlier values, those that were kept out, and what happened
 * to the share. Verbs over JSON rows, as in tables.ts.
 */

import type { Verb } from "../store/sqlite/commits.ts";
import { barColumns, barKey, type BarRow, columns, columnsOf, comparedColumns } from "./tables.ts";

/** A bar about to be saved, with the length of its period. */
export interface RevisableBarRow extends BarRow {
  readonly length_ms: number;
}

const values = barColumns.slice(4, -1);
const key = ["source", "symbol", "interval", "start_at"] as const;

/**
 * Keeps what a bar was, where the one to be saved is another: goes before {@link saveBars}. A bar
 * that was recorded before its period had ended was not yet what it would be; what follows it is no
 * revision.
 */
export const keepRevision: Verb<RevisableBarRow> = {
  name: "keep_revision",
  order: 92,
  key: barKey,
  sql: `INSERT INTO bar_revisions
      (${key.join(", ")}, known_at, superseded_at, ${values.join(", ")})
    SELECT ${columnsOf("bars", key)}, bars.recorded_at,
      value ->> 'recorded_at', ${columnsOf("bars", values)}
    FROM json_each(?1) JOIN bars
      ON ${key.map((name) => `bars.${name} = value ->> '${name}'`).join(" AND ")}
    WHERE bars.recorded_at >= bars.start_at + (value ->> 'length_ms')
      AND bars.recorded_at < value ->> 'recorded_at'
      AND (${columnsOf("bars", comparedColumns)}) IS NOT (${columns(comparedColumns)})
    ON CONFLICT DO NOTHING
    RETURNING source || '/' || symbol || '/' || interval || '/' || start_at AS key`,
};

/** What is known of a series as a whole. */
export interface SeriesRow {
  readonly source: string;
  readonly symbol: string;
  readonly interval: string;
  readonly timezone: string;
  readonly calendar: string | null;
}

const seriesColumns = ["source", "symbol", "interval", "timezone", "calendar"] as const;

export const saveSeries: Verb<SeriesRow> = {
  name: "save_series",
  order: 91,
  key: ({ source, symbol, interval }) => `${source}/${symbol}/${interval}`,
  sql: `INSERT INTO bar_series (${seriesColumns.join(", ")})
    SELECT ${columns(seriesColumns)} FROM json_each(?1) WHERE true
    ON CONFLICT DO UPDATE SET timezone = excluded.timezone, calendar = excluded.calendar
    RETURNING source || '/' || symbol || '/' || interval AS key`,
};

/** A split or dividend that all bars of a series are restated for. */
export interface SeriesEventRow {
  readonly source: string;
  readonly symbol: string;
  readonly interval: string;
  readonly kind: string;
  readonly date: string;
}

const seriesEventColumns = ["source", "symbol", "interval", "kind", "date"] as const;

export const noteRestated: Verb<SeriesEventRow> = {
  name: "note_restated",
  order: 102,
  key: ({ source, symbol, interval, kind, date }) =>
    [source, symbol, interval, kind, date].join("/"),
  sql: `INSERT INTO series_events (${seriesEventColumns.join(", ")})
    SELECT ${columns(seriesEventColumns)} FROM json_each(?1) WHERE true
    ON CONFLICT DO NOTHING
    RETURNING source || '/' || symbol || '/' || interval || '/' || kind || '/' || date AS key`,
};

/** How far back a series was asked for; the earliest counts. */
export interface AskedRow {
  readonly source: string;
  readonly symbol: string;
  readonly interval: string;
  readonly from: string;
}

export const noteAsked: Verb<AskedRow> = {
  name: "note_asked",
  order: 100,
  key: ({ source, symbol, interval }) => `${source}/${symbol}/${interval}`,
  sql: `UPDATE bar_series SET asked_from = min(coalesce(asked_from, asked."from"), asked."from")
    FROM (SELECT value ->> 'source' AS source, value ->> 'symbol' AS symbol,
        value ->> 'interval' AS interval, min(value ->> 'from') AS "from"
      FROM json_each(?1) GROUP BY 1, 2, 3) AS asked
    WHERE bar_series.source = asked.source AND bar_series.symbol = asked.symbol
      AND bar_series.interval = asked.interval
    RETURNING bar_series.source || '/' || bar_series.symbol || '/' || bar_series.interval AS key`,
};

export interface AbsentRow {
  readonly source: string;
  readonly symbol: string;
  readonly interval: string;
  readonly date: string;
  readonly asked_at: number;
}

const absentColumns = ["source", "symbol", "interval", "date", "asked_at"] as const;

export const noteAbsent: Verb<AbsentRow> = {
  name: "note_absent",
  order: 101,
  key: ({ source, symbol, interval, date }) => `${source}/${symbol}/${interval}/${date}`,
  sql: `INSERT INTO absent_sessions (${absentColumns.join(", ")})
    SELECT ${columns(absentColumns)} FROM json_each(?1) WHERE true
    ON CONFLICT DO UPDATE SET asked_at = excluded.asked_at, times_asked = times_asked + 1
    RETURNING source || '/' || symbol || '/' || interval || '/' || date AS key`,
};

export interface QuarantineRow {
  readonly source: string;
  readonly symbol: string;
  readonly interval: string;
  readonly start_at: number;
  readonly date: string;
  /** JSON, as the source gave it. */
  readonly bar: string;
  readonly reason: string;
  readonly quarantined_at: number;
}

const quarantineColumns = [...key, "date", "bar", "reason", "quarantined_at"] as const;

export const quarantineBar: Verb<QuarantineRow> = {
  name: "quarantine_bar",
  order: 94,
  key: barKey,
  sql: `INSERT INTO quarantined_bars (${quarantineColumns.join(", ")})
    SELECT ${columns(quarantineColumns)} FROM json_each(?1) WHERE true
    ON CONFLICT DO UPDATE SET bar = excluded.bar, reason = excluded.reason,
      quarantined_at = excluded.quarantined_at
    RETURNING source || '/' || symbol || '/' || interval || '/' || start_at AS key`,
};

/** A bar that came sound after all leaves the quarantine. */
export const releaseBar: Verb<BarRow> = {
  name: "release_bar",
  order: 95,
  key: barKey,
  sql: `DELETE FROM quarantined_bars WHERE (${key.join(", ")}) IN
      (SELECT ${columns(key)} FROM json_each(?1))
    RETURNING source || '/' || symbol || '/' || interval || '/' || start_at AS key`,
};

export interface EventRow {
  readonly source: string;
  readonly symbol: string;
  readonly kind: string;
  readonly date: string;
  readonly dated_by: string;
  readonly amount: number | null;
  readonly estimate: number | null;
  readonly numerator: number | null;
  readonly denominator: number | null;
  readonly estimated: boolean;
  readonly currency: string | null;
  readonly recorded_at: number;
}

const eventColumns = [
  "source",
  "symbol",
  "kind",
  "date",
  "dated_by",
  "amount",
  "estimate",
  "numerator",
  "denominator",
  "estimated",
  "currency",
  "recorded_at",
] as const satisfies readonly (keyof EventRow)[];

/** An expected date that the source no longer tells has moved; goes before {@link saveEvent}. */
export const forgetEstimates: Verb<{ readonly source: string; readonly symbol: string }> = {
  name: "forget_estimates",
  order: 96,
  key: ({ source, symbol }) => `${source}/${symbol}`,
  sql: `DELETE FROM market_events WHERE estimated = 1 AND (source, symbol) IN
      (SELECT ${columns(["source", "symbol"])} FROM json_each(?1))
    RETURNING source || '/' || symbol AS key`,
};

export const saveEvent: Verb<EventRow> = {
  name: "save_event",
  order: 97,
  key: ({ source, symbol, kind, date }) => `${source}/${symbol}/${kind}/${date}`,
  sql: `INSERT INTO market_events (${eventColumns.join(", ")})
    SELECT ${columns(eventColumns)} FROM json_each(?1) WHERE true
    ON CONFLICT DO UPDATE SET
      ${eventColumns.slice(4, -1).map((name) => `${name} = excluded.${name}`).join(", ")}
    RETURNING source || '/' || symbol || '/' || kind || '/' || date AS key`,
};
