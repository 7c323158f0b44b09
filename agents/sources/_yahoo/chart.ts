/** From Yahoo's chart answer to a history. Pure. */

import { Bar, History, Interval, MarketEvent, z } from "100ac";
import { fresh } from "../../_lib/source/freshness.ts";
import { groupBars } from "../../_lib/source/bars.ts";
import { isGrouped } from "../../_lib/source/period.ts";
import { YahooFailure } from "./failure.ts";
import { yahooInstant } from "./instant.ts";

const Column = z.array(z.number().nullable());

/** What is used of a chart; everything else in it may be as it likes. */
const Chart = z.object({
  meta: z.object({
    symbol: z.string(),
    currency: z.string().nullish(),
    exchangeName: z.string().nullish(),
    exchangeTimezoneName: z.string(),
    regularMarketTime: yahooInstant.nullish(),
    currentTradingPeriod: z.object({ regular: z.object({ start: yahooInstant }) }).nullish(),
  }),
  // absent for a period without bars, and then the columns are absent too
  timestamp: z.array(yahooInstant).default([]),
  indicators: z.object({
    quote: z.array(
      z.object({ open: Column, high: Column, low: Column, close: Column, volume: Column }),
    ),
    adjclose: z.array(z.object({ adjclose: Column.optional() })).optional(),
  }),
  events: z.object({
    dividends: z.record(z.string(), z.object({ amount: z.number(), date: yahooInstant })).nullish(),
    splits: z.record(
      z.string(),
      z.object({
        numerator: z.number().positive(),
        denominator: z.number().positive(),
        date: yahooInstant,
      }),
    ).nullish(),
  }).nullish(),
});
type Chart = z.output<typeof Chart>;

/**
 * The history in a chart of `symbol`; `nowMs` is the instant it is known of when Yahoo gives none.
 * @throws {YahooFailure} `bad_answer`: other types, other symbol, columns of different lengths.
 */
export function readHistory(
  chart: unknown,
  asked: { readonly symbol: string; readonly interval: Interval; readonly nowMs: number },
): History {
  const { symbol, interval, nowMs } = asked;
  const read = Chart.safeParse(chart);
  if (!read.success) {
    const issue = read.error.issues[0];
    throw badAnswer(`its ${issue?.path.join(".")} can't be read: ${issue?.message}`);
  }
  const { meta } = read.data;
  if (meta.symbol !== symbol) throw badAnswer(`it is about ${JSON.stringify(meta.symbol)}`);
  const timezone = meta.exchangeTimezoneName;
  const bars = barsOf(read.data, interval);
  return {
    symbol,
    interval,
    basis: "split_adjusted",
    events_complete: true,
    currency: meta.currency ?? null,
    timezone,
    calendar: calendarOf(meta.exchangeName ?? ""),
    source: "yahoo",
    ...fresh,
    as_of: new Date(meta.regularMarketTime ?? nowMs).toISOString(),
    bars: isGrouped(interval) ? groupBars(bars, interval, timezone) : bars,
    events: eventsOf(read.data),
  };
}

function eventsOf({ meta, events }: Chart): MarketEvent[] {
  const dateOf = localDates(meta.exchangeTimezoneName);
  const of = { symbol: meta.symbol, currency: meta.currency ?? null, source: "yahoo" };
  const dividends = Object.values(events?.dividends ?? {}).map(({ amount, date }) =>
    MarketEvent.parse({ ...of, kind: "dividend", date: dateOf(date), amount })
  );
  const splits = Object.values(events?.splits ?? {}).map(({ date, numerator, denominator }) =>
    MarketEvent.parse({ ...of, kind: "split", date: dateOf(date), numerator, denominator })
  );
  return [...dividends, ...splits].sort((a, b) => a.date < b.date ? -1 : 1);
}

function badAnswer(found: string): YahooFailure {
  return new YahooFailure("bad_answer", `Yahoo's chart can't be used: ${found}`);
}

/** Yahoo's names of exchanges whose sessions are known. */
function calendarOf(exchange: string): "XNYS" | "XNAS" | null {
  switch (exchange) {
    case "NYQ": // New York Stock Exchange
    case "PCX": // NYSE Arca
    case "ASE": // NYSE American
      return "XNYS";
    case "NMS": // Nasdaq Global Select
    case "NGM": // Nasdaq Global
    case "NCM": // Nasdaq Capital
      return "XNAS";
    default:
      return null;
  }
}

function barsOf({ meta, timestamp, indicators }: Chart, interval: Interval): Bar[] {
  const columns = indicators.quote[0];
  if (timestamp.length === 0) return [];
  if (columns === undefined) throw badAnswer("it has instants without prices");
  if (Object.values(columns).some((column) => column.length !== timestamp.length)) {
    throw badAnswer("its columns are not of the same length");
  }
  const adjusted = indicators.adjclose?.[0]?.adjclose ?? [];
  const dateOf = localDates(meta.exchangeTimezoneName);
  const rows = timestamp.map((atMs, row) => ({ atMs, row })).sort((a, b) => a.atMs - b.atMs);
  const bars = new Map<string, Bar>();
  for (const { atMs, row } of rows) {
    const prices = pricesOf(columns, row);
    if (prices === undefined) continue;
    const date = dateOf(atMs);
    const startMs = interval === "1d" ? dailyStart(atMs, date, meta, dateOf) : atMs;
    const start = new Date(startMs).toISOString();
    const adjusted_close = adjusted[row] ?? null;
    const bar = { start, date, ...prices, adjusted_close, volume: columns.volume[row] ?? null };
    // of the two rows that Yahoo may give for today, the later is the newer
    bars.set(interval === "1d" ? date : start, bar);
  }
  return [...bars.values()];
}

type Columns = Readonly<Record<"open" | "high" | "low" | "close", z.output<typeof Column>>>;

/** The prices of a row; undefined for a row with nulls: an interval in which nothing was traded. */
function pricesOf(
  columns: Columns,
  row: number,
): Pick<Bar, "open" | "high" | "low" | "close"> | undefined {
  const open = columns.open[row] ?? null;
  const high = columns.high[row] ?? null;
  const low = columns.low[row] ?? null;
  const close = columns.close[row] ?? null;
  if (open === null || high === null || low === null || close === null) return undefined;
  return { open, high, low, close };
}

/** Yahoo gives today's bar the instant of its last trade; it begins as others do. */
function dailyStart(
  atMs: number,
  date: string,
  { currentTradingPeriod }: Chart["meta"],
  dateOf: (atMs: number) => string,
): number {
  const openMs = currentTradingPeriod?.regular.start;
  return openMs !== undefined && openMs < atMs && dateOf(openMs) === date ? openMs : atMs;
}

function localDates(timezone: string): (atMs: number) => string {
  try {
    const zoned = Temporal.Instant.fromEpochMilliseconds(0).toZonedDateTimeISO(timezone);
    return (atMs) =>
      Temporal.Instant.fromEpochMilliseconds(atMs).toZonedDateTimeISO(zoned.timeZoneId)
        .toPlainDate().toString();
  } catch (thrown) {
    throw new YahooFailure("bad_answer", `Yahoo's time zone "${timezone}" is none`, {
      cause: thrown,
    });
  }
}
