/** The market tables: verbs that write quotes, bars and findings, as rows of `sdk/market.ts`. */

import type { Verb } from "../store/sqlite/commits.ts";

/** A quote's columns; instants in UTC milliseconds. */
export interface QuoteRow {
  readonly source: string;
  readonly symbol: string;
  readonly as_of: number;
  readonly price: number;
  readonly currency: string | null;
  readonly name: string | null;
  readonly exchange: string | null;
  readonly previous_close: number | null;
  readonly open: number | null;
  readonly day_high: number | null;
  readonly day_low: number | null;
  readonly volume: number | null;
  readonly market_cap: number | null;
  readonly recorded_at: number;
}

export interface BarRow {
  readonly source: string;
  readonly symbol: string;
  readonly interval: string;
  readonly start_at: number;
  readonly date: string;
  readonly open: number;
  readonly high: number;
  readonly low: number;
  readonly close: number;
  readonly adjusted_close: number | null;
  readonly volume: number | null;
  readonly currency: string | null;
  readonly recorded_at: number;
}

export interface FindingRow {
  readonly rule: string;
  readonly severity: string;
  readonly source: string;
  readonly symbol: string;
  /** "" where the finding is not about bars: a key holds no null. */
  readonly interval: string;
  /** 0 where the finding has no instant. */
  readonly at: number;
  readonly message: string;
  readonly agent_id: string;
  readonly seen_at: number;
}

/** The named fields of a JSON row, as SQL. */
export function columns(names: readonly string[]): string {
  return names.map((name) => `value ->> '${name}'`).join(", ");
}

/** The key first. */
const quoteColumns = [
  "source",
  "symbol",
  "as_of",
  "price",
  "currency",
  "name",
  "exchange",
  "previous_close",
  "open",
  "day_high",
  "day_low",
  "volume",
  "market_cap",
  "recorded_at",
] as const satisfies readonly (keyof QuoteRow)[];

/** What a source tells of an instant. */
const toldColumns = quoteColumns.slice(3, -1);

/** A quote of the same instant is the same quote, as it was told last. */
export const saveQuote: Verb<QuoteRow> = {
  name: "save_quote",
  order: 90,
  key: ({ source, symbol, as_of }) => `${source}/${symbol}/${as_of}`,
  sql: `INSERT INTO quotes (${quoteColumns.join(", ")})
    SELECT ${columns(quoteColumns)} FROM json_each(?1) WHERE true
    ON CONFLICT DO UPDATE SET
      ${toldColumns.map((name) => `${name} = excluded.${name}`).join(", ")},
      -- known since it was first so
      recorded_at = iif((${columnsOf("quotes", toldColumns)}) IS
        (${columnsOf("excluded", toldColumns)}), recorded_at, excluded.recorded_at)
    RETURNING source || '/' || symbol || '/' || as_of AS key`,
};

/** Of the table of bars, the key first. */
export const barColumns = [
  "source",
  "symbol",
  "interval",
  "start_at",
  "date",
  "open",
  "high",
  "low",
  "close",
  "adjusted_close",
  "volume",
  "currency",
  "recorded_at",
] as const satisfies readonly (keyof BarRow)[];

/** Names a bar among all. */
export function barKey(
  { source, symbol, interval, start_at }: Pick<
    BarRow,
    "source" | "symbol" | "interval" | "start_at"
  >,
): string {
  return `${source}/${symbol}/${interval}/${start_at}`;
}

/**
 * A series' bars as one row: each of them an array, as {@link barTuple} makes it. SQLite reads
 * 2,500 of them in 22 ms; as objects of named columns they took 66.
 */
export interface BarsRow {
  readonly source: string;
  readonly symbol: string;
  readonly interval: string;
  readonly currency: string | null;
  readonly recorded_at: number;
  readonly bars: readonly (readonly (string | number | null)[])[];
}

const seriesColumns = ["source", "symbol", "interval", "currency", "recorded_at"] as const;
const tupleColumns = barColumns.filter((name) => !seriesColumns.some((own) => own === name));

/** What makes a bar another one. */
export const comparedColumns = [
  "open",
  "high",
  "low",
  "close",
  "adjusted_close",
  "volume",
  "currency",
] as const satisfies readonly (keyof BarRow)[];

/** The columns of what SQL calls `table`. */
export function columnsOf(table: string, names: readonly string[]): string {
  return names.map((name) => `${table}.${name}`).join(", ");
}

/** A bar as {@link BarsRow} holds it. */
export function barTuple(bar: BarRow): (string | number | null)[] {
  return tupleColumns.map((column) => bar[column]);
}

/** Inserts bars that are new and replaces those that are other than they were; tells nothing. */
export const saveBars: Verb<BarsRow> = {
  name: "save_bars",
  order: 93,
  key: ({ source, symbol, interval }) => `${source}/${symbol}/${interval}`,
  sql: `WITH series AS MATERIALIZED (
      SELECT ${seriesColumns.map((name) => `value ->> '${name}' AS ${name}`).join(", ")},
        value -> 'bars' AS bars
      FROM json_each(?1))
    INSERT INTO bars (${seriesColumns.join(", ")}, ${tupleColumns.join(", ")})
    SELECT ${columnsOf("series", seriesColumns)},
      ${tupleColumns.map((_, place) => `bar.value ->> ${place}`).join(", ")}
    FROM series, json_each(series.bars) AS bar WHERE true
    ON CONFLICT DO UPDATE SET ${
    ["date", "recorded_at", ...comparedColumns].map((name) => `${name} = excluded.${name}`)
      .join(", ")
  }
    WHERE (${columnsOf("bars", comparedColumns)}) IS NOT
      (${columnsOf("excluded", comparedColumns)})`,
};

const findingColumns = [
  "rule",
  "severity",
  "source",
  "symbol",
  "interval",
  "at",
  "message",
  "agent_id",
] as const satisfies readonly (keyof FindingRow)[];

export const saveFinding: Verb<FindingRow> = {
  name: "save_finding",
  order: 98,
  key: ({ source, symbol, interval, rule, at }) => [source, symbol, interval, rule, at].join("/"),
  sql: `INSERT INTO data_quality_log (${findingColumns.join(", ")}, first_seen_at, last_seen_at)
    SELECT ${columns(findingColumns)}, value ->> 'seen_at', value ->> 'seen_at'
    FROM json_each(?1) WHERE true
    ON CONFLICT DO UPDATE SET message = excluded.message, severity = excluded.severity,
      last_seen_at = excluded.last_seen_at, seen_count = seen_count + 1
    RETURNING source || '/' || symbol || '/' || interval || '/' || rule || '/' || at AS key`,
};
