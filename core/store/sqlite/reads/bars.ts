/** SQL for reads of bars. */

import type { BarReads, BarsAsk, DatedEvent, KnownBar, StoredBar } from "../../reads/bars.ts";
import { numberOrNull, textOrNull } from "../columns.ts";
import type { ReadRow } from "../reading.ts";
import type { SqlReads } from "../sql_reads.ts";
import { ofSeries, pastSeriesSql, seriesOf, seriesSql, toSeries } from "./series.ts";

export const barReads: SqlReads<keyof BarReads> = {
  bars: async ({ quick }, ask) => {
    const { fromDate, toDate, fromMs, endMs, limit, knownAtMs } = ask;
    const args = [...seriesOf(ask), fromDate, toDate, fromMs, endMs, limit];
    const rows = await quick(barsSql(ask), knownAtMs === undefined ? args : [...args, knownAtMs]);
    return rows.map(toBar).reverse();
  },
  known_bars: async ({ quick }, ask) => {
    const rows = await quick(
      `SELECT start_at, open, high, low, close, adjusted_close, volume, currency, recorded_at
       FROM bars WHERE ${ofSeries} AND start_at BETWEEN ?4 AND ?5`,
      [...seriesOf(ask), ask.fromMs, ask.toMs],
    );
    return rows.map(toKnownBar);
  },
  has_bars: async ({ quick }, ask) => {
    const rows = await quick(`SELECT 1 FROM bars WHERE ${ofSeries} LIMIT 1`, seriesOf(ask));
    return rows.length > 0;
  },
  has_quarantined_bars: async ({ quick }, ask) => {
    const sql = `SELECT 1 FROM quarantined_bars WHERE ${ofSeries} LIMIT 1`;
    return (await quick(sql, seriesOf(ask))).length > 0;
  },
  bar_dates: async ({ quick }, ask) => {
    const { knownAtMs } = ask;
    const rows = knownAtMs === undefined
      ? await quick(
        `SELECT DISTINCT date FROM bars WHERE ${ofSeries} ORDER BY date`,
        seriesOf(ask),
      )
      : await quick(
        `SELECT date FROM bars WHERE ${ofSeries} AND recorded_at <= ?4
         UNION SELECT date FROM bar_revisions
         WHERE ${ofSeries} AND known_at <= ?4 AND superseded_at > ?4 ORDER BY date`,
        [...seriesOf(ask), knownAtMs],
      );
    return rows.map(({ date }) => String(date));
  },
  series: async ({ quick }, ask) => {
    const { knownAtMs } = ask;
    const [row = {}] = knownAtMs === undefined
      ? await quick(seriesSql, seriesOf(ask))
      : await quick(pastSeriesSql, [...seriesOf(ask), knownAtMs]);
    return toSeries(row);
  },
  restated_events: async ({ quick }, ask) => {
    const rows = await quick(
      `SELECT kind, date FROM series_events WHERE ${ofSeries} ORDER BY date DESC LIMIT ?4`,
      [...seriesOf(ask), ask.limit],
    );
    return rows.map(toDated);
  },
  absent_sessions: async ({ quick }, ask) => {
    const rows = await quick(
      `SELECT date, asked_at, times_asked FROM absent_sessions
       WHERE ${ofSeries} ORDER BY date DESC LIMIT ?4`,
      [...seriesOf(ask), ask.limit],
    );
    return rows.map(({ date, asked_at, times_asked }) => ({
      date: String(date),
      asked_at: Number(asked_at),
      times_asked: Number(times_asked),
    }));
  },
};

function barsSql({ knownAtMs }: BarsAsk): string {
  const columns = "start_at, date, open, high, low, close, adjusted_close, volume";
  const where = `WHERE ${ofSeries}
    AND date >= ?4 AND date <= ?5 AND start_at >= ?6 AND start_at < ?7`;
  if (knownAtMs === undefined) {
    return `SELECT ${columns} FROM bars ${where} ORDER BY start_at DESC LIMIT ?8`;
  }
  return `SELECT ${columns} FROM bars ${where} AND recorded_at <= ?9
    UNION ALL
    SELECT ${columns} FROM bar_revisions ${where} AND known_at <= ?9 AND superseded_at > ?9
    ORDER BY start_at DESC LIMIT ?8`;
}

function toBar(row: ReadRow): StoredBar {
  return {
    start_at: Number(row.start_at),
    date: String(row.date),
    open: Number(row.open),
    high: Number(row.high),
    low: Number(row.low),
    close: Number(row.close),
    adjusted_close: numberOrNull(row.adjusted_close),
    volume: numberOrNull(row.volume),
  };
}

function toKnownBar(row: ReadRow): KnownBar {
  return {
    start_at: Number(row.start_at),
    open: Number(row.open),
    high: Number(row.high),
    low: Number(row.low),
    close: Number(row.close),
    adjusted_close: numberOrNull(row.adjusted_close),
    volume: numberOrNull(row.volume),
    currency: textOrNull(row.currency),
    recorded_at: Number(row.recorded_at),
  };
}

/** Converts a row with `kind` and `date`. */
export function toDated({ kind, date }: ReadRow): DatedEvent {
  return { kind: String(kind), date: String(date) };
}
