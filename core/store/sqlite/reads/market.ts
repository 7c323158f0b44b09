/** SQL for reads of quotes, events and findings. */

import { eventValues } from "../../operations/market.ts";
import type { MarketReads, StoredEvent, StoredFinding, StoredQuote } from "../../reads/market.ts";
import { numberOrNull, textOrNull } from "../columns.ts";
import type { ReadRow } from "../reading.ts";
import type { SqlReads } from "../sql_reads.ts";
import { clocksOf, isPast, versionsSql } from "./versions.ts";

export const marketReads: SqlReads<keyof MarketReads> = {
  newest_quotes: async ({ quick }, { source, symbols, knownAtMs }) => {
    const rows = await quick(
      `SELECT * FROM (
         SELECT *, row_number() OVER (PARTITION BY symbol ORDER BY as_of DESC) AS place
         FROM quotes WHERE source = ?1 AND symbol IN (SELECT value FROM json_each(?2))
           AND as_of <= ?3 AND recorded_at <= ?3)
       WHERE place = 1 ORDER BY symbol`,
      [source, JSON.stringify(symbols), knownAtMs],
    );
    return rows.map(toQuote);
  },
  market_events: async ({ quick }, ask) => {
    const { source, symbol, fromDate, toDate, limit } = ask;
    const where = "source = ?1 AND symbol = ?2 AND date >= ?3 AND date <= ?4";
    const events = isPast(ask) ? pastEvents(where) : `(SELECT * FROM market_events WHERE ${where})`;
    const rows = await quick(
      `SELECT * FROM ${events} ORDER BY date DESC, kind, place DESC LIMIT ?5`,
      [source, symbol, fromDate, toDate, limit, ...isPast(ask) ? clocksOf(ask) : []],
    );
    return rows.map(toEvent);
  },
  findings: async ({ quick }, { symbol, severity, limit }) => {
    const rows = await quick(
      `SELECT * FROM data_quality_log
       WHERE (?1 IS NULL OR symbol = ?1) AND (?2 IS NULL OR severity = ?2)
       ORDER BY last_seen_at DESC, id DESC LIMIT ?3`,
      [symbol ?? null, severity ?? null, limit],
    );
    return rows.map(toFinding);
  },
};

function pastEvents(where: string): string {
  return versionsSql({
    current: "market_events",
    revisions: "market_event_revisions",
    key: "kind, date, place",
    columns: ["source", "symbol", "kind", "date", "place", ...eventValues, "public_at"].join(", "),
    where,
    asOf: "?6",
    recordedBy: "?7",
  });
}

function toQuote(row: ReadRow): StoredQuote {
  return {
    source: String(row.source),
    symbol: String(row.symbol),
    as_of: Number(row.as_of),
    price: Number(row.price),
    currency: textOrNull(row.currency),
    name: textOrNull(row.name),
    exchange: textOrNull(row.exchange),
    previous_close: numberOrNull(row.previous_close),
    open: numberOrNull(row.open),
    day_high: numberOrNull(row.day_high),
    day_low: numberOrNull(row.day_low),
    volume: numberOrNull(row.volume),
    market_cap: numberOrNull(row.market_cap),
  };
}

function toEvent(row: ReadRow): StoredEvent {
  return {
    source: String(row.source),
    symbol: String(row.symbol),
    event_kind: String(row.kind) as StoredEvent["event_kind"],
    date: String(row.date),
    place: Number(row.place),
    public_at: Number(row.public_at),
    recorded_at: Number(row.recorded_at),
    dividend_kind: textOrNull(row.dividend_kind),
    dated_by: String(row.dated_by),
    amount: numberOrNull(row.amount),
    estimate: numberOrNull(row.estimate),
    numerator: numberOrNull(row.numerator),
    denominator: numberOrNull(row.denominator),
    estimated: row.estimated === 1,
    currency: textOrNull(row.currency),
  };
}

function toFinding(row: ReadRow): StoredFinding {
  return {
    rule: String(row.rule),
    severity: String(row.severity),
    source: String(row.source),
    symbol: String(row.symbol),
    interval: String(row.interval),
    at: Number(row.at),
    message: String(row.message),
    agent_id: String(row.agent_id),
    first_seen_at: Number(row.first_seen_at),
    last_seen_at: Number(row.last_seen_at),
    seen_count: Number(row.seen_count),
  };
}
