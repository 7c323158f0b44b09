/** SQL for reads of bars. */

import type { BarReads, BarsAsk, Known, KnownBar, StoredBar } from "../../reads/bars.ts";
import { numberOrNull, textOrNull } from "../columns.ts";
import type { ReadRow } from "../reading.ts";
import type { SqlReads } from "../sql_reads.ts";
import { finalOfSeries, ofSeries, pastSeriesSql, seriesOf, seriesSql, toSeries } from "./series.ts";
import { clocksOf, isPast, versionsSql } from "./versions.ts";

const barColumns = "start_at, date, open, high, low, close, adjusted_close, volume";
/** Before an ex-date, the last session is a few days back; after a halt, some weeks. */
const closeDaysMax = 31;
const dayMs = 86_400_000;

export const barReads: SqlReads<keyof BarReads> = {
  bars: async ({ quick }, ask) => {
    const { fromSlot, endSlot, beforeMs, limit, endedByMs } = ask;
    const args = [...seriesOf(ask), fromSlot, endSlot, beforeMs, limit, endedByMs];
    const rows = await quick(barsSql(ask), isPast(ask) ? [...args, ...clocksOf(ask)] : args);
    return rows.map(toBar).reverse();
  },
  known_bars: async ({ quick }, ask) => {
    const rows = await quick(
      `SELECT slot, ${barColumns}, currency, ends_at, public_at, recorded_at
       FROM bars WHERE ${ofSeries} AND slot BETWEEN ?4 AND ?5`,
      [...seriesOf(ask), ask.fromSlot, ask.toSlot],
    );
    return rows.map(toKnownBar);
  },
  late_bars: async ({ quick }, ask) => {
    const { asOfMs, fromSlot, endSlot } = ask;
    if (asOfMs === undefined) return 0;
    const where = `${finalOfSeries} AND slot >= ?6 AND slot < ?7`;
    const versions = pastVersions("slot", where, "?4", "?5");
    const [row = {}] = await quick(
      `SELECT count(*) AS late FROM ${versions} WHERE recorded_at > ?4`,
      [...seriesOf(ask), ...clocksOf(ask), fromSlot, endSlot],
    );
    return Number(row.late);
  },
  closes_before: async ({ quick }, ask) => {
    const { dates, isDaily } = ask;
    const slotsPerDay = isDaily ? 1 : dayMs;
    const day = "CAST(julianday(asked.value) - 2440587.5 AS INTEGER)";
    const where = `${ofSeries} AND date < asked.value AND recorded_at >= ends_at
      AND slot >= (${day} - ${closeDaysMax}) * ${slotsPerDay}
      AND slot < (${day} + 1) * ${slotsPerDay}`;
    const bars = isPast(ask)
      ? pastVersions("slot, close", where, "?5", "?6")
      : `(SELECT slot, close FROM bars WHERE ${where})`;
    const rows = await quick(
      `SELECT (SELECT close FROM ${bars} ORDER BY slot DESC LIMIT 1) AS close
       FROM json_each(?4) AS asked ORDER BY asked.key`,
      [
        ...seriesOf(ask),
        JSON.stringify(dates),
        ...isPast(ask) ? clocksOf(ask) : [],
      ],
    );
    return rows.map(({ close }) => numberOrNull(close));
  },
  nearest_final_date: async ({ quick }, ask) => {
    const [row] = await quick(
      `SELECT coalesce(
         (SELECT date FROM bars WHERE ${ofSeries} AND slot <= ?4 AND recorded_at >= ends_at
          ORDER BY slot DESC LIMIT 1),
         (SELECT date FROM bars WHERE ${ofSeries} AND slot > ?4 AND recorded_at >= ends_at
          ORDER BY slot LIMIT 1)) AS date`,
      [...seriesOf(ask), ask.slot],
    );
    return textOrNull(row?.date);
  },
  doubted_intervals: async ({ quick }, { source, symbol, date, recordedFromMs }) => {
    const rows = await quick(
      `SELECT interval FROM bar_series WHERE source = ?1 AND symbol = ?2 AND basis = 'traded'
         AND EXISTS (SELECT 1 FROM bars WHERE bars.source = ?1 AND bars.symbol = ?2
           AND bars.interval = bar_series.interval AND date < ?3 AND recorded_at >= ?4)`,
      [source, symbol, date, recordedFromMs],
    );
    return rows.map(({ interval }) => String(interval));
  },
  has_quarantined_bars: async ({ quick }, ask) => {
    const sql = `SELECT 1 FROM quarantined_bars WHERE ${ofSeries} LIMIT 1`;
    return (await quick(sql, seriesOf(ask))).length > 0;
  },
  bar_dates: async ({ quick }, ask) => {
    const rows = isPast(ask)
      ? await quick(
        `SELECT DISTINCT date FROM ${pastVersions("slot, date", finalOfSeries, "?4", "?5")}
         ORDER BY date`,
        [...seriesOf(ask), ...clocksOf(ask)],
      )
      : await quick(
        `SELECT DISTINCT date FROM bars WHERE ${ofSeries} ORDER BY date`,
        seriesOf(ask),
      );
    return rows.map(({ date }) => String(date));
  },
  series: async ({ quick }, ask) => {
    const [row = {}] = isPast(ask)
      ? await quick(pastSeriesSql, [...seriesOf(ask), ...clocksOf(ask)])
      : await quick(seriesSql, seriesOf(ask));
    return toSeries(row);
  },
  series_facts: async ({ quick }, ask) => {
    const [row] = await quick(
      `SELECT timezone, calendar, basis,
         (SELECT currency FROM bars WHERE ${ofSeries} ORDER BY slot DESC LIMIT 1) AS currency
       FROM bar_series WHERE ${ofSeries}`,
      seriesOf(ask),
    );
    if (row === undefined) return undefined;
    return {
      basis: String(row.basis),
      timezone: String(row.timezone),
      calendar: textOrNull(row.calendar),
      currency: textOrNull(row.currency),
    };
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

/** One version of each bar, as known at the instants that the two parameters bind. */
export function pastVersions(
  columns: string,
  where: string,
  asOf: string,
  recordedBy: string,
): string {
  const tables = { current: "bars", revisions: "bar_revisions", key: "slot" };
  return versionsSql({ ...tables, columns, where, asOf, recordedBy });
}

function barsSql(ask: BarsAsk & Known): string {
  const where = `${ofSeries} AND slot >= ?4 AND slot < ?5 AND start_at < ?6
    AND (recorded_at >= ends_at${isPast(ask) ? "" : " OR ends_at > ?8"})`;
  const bars = isPast(ask) ? pastVersions(`slot, ${barColumns}`, where, "?9", "?10") : "bars";
  const condition = isPast(ask) ? "" : `WHERE ${where}`;
  return `SELECT ${barColumns} FROM ${bars} ${condition} ORDER BY slot DESC LIMIT ?7`;
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
    slot: Number(row.slot),
    start_at: Number(row.start_at),
    open: Number(row.open),
    high: Number(row.high),
    low: Number(row.low),
    close: Number(row.close),
    adjusted_close: numberOrNull(row.adjusted_close),
    volume: numberOrNull(row.volume),
    currency: textOrNull(row.currency),
    ends_at: Number(row.ends_at),
    public_at: Number(row.public_at),
    recorded_at: Number(row.recorded_at),
  };
}
