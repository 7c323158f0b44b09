/**
 * The market data every part speaks of: quotes, bars, findings. Source agents give them, data
 * agents check and pass them on, the store keeps them. Exported to plugins by `"100ac"`.
 *
 * Prices are in `currency` per unit, volumes in units; instants are UTC ISO strings, dates are
 * the session's local date at its exchange.
 */

import { z } from "zod";

/** A symbol as sources know it: `AAPL`, `BRK-B`, `^GSPC`, `EURUSD=X`, `OCDO.L`, `GC=F`. */
export const symbolPattern = /^[A-Z0-9^][A-Z0-9.^=-]{0,23}$/;
export const MarketSymbol = z.string().regex(symbolPattern);

export const Interval = z.enum([
  "1m",
  "2m",
  "5m",
  "15m",
  "30m",
  "1h",
  "1d",
  "1wk",
  "1mo",
]);
export type Interval = z.infer<typeof Interval>;

/** How far back a history reaches, counted from now. */
export const Period = z.enum([
  "1d",
  "5d",
  "1mo",
  "3mo",
  "6mo",
  "1y",
  "2y",
  "5y",
  "10y",
  "ytd",
  "max",
]);
export type Period = z.infer<typeof Period>;

/** Where a value comes from: the id of the source agent. */
export const SourceName = z.string().regex(/^[a-z][a-z0-9_]*$/);

/** Whether an answer is a repeated one: given again because the source fails at the moment. */
const Freshness = {
  stale: z.boolean().default(false),
  /** How long ago the source gave the answer, in seconds; 0 unless it is stale. */
  age_seconds: z.number().nonnegative().default(0),
};

/** The price of a symbol now, as its source tells it. Null: the source did not say. */
export const Quote = z.object({
  symbol: MarketSymbol,
  price: z.number(),
  currency: z.string().nullable(),
  name: z.string().nullable(),
  exchange: z.string().nullable(),
  previous_close: z.number().nullable(),
  open: z.number().nullable(),
  day_high: z.number().nullable(),
  day_low: z.number().nullable(),
  volume: z.number().nullable(),
  market_cap: z.number().nullable(),
  /** The instant of the price at its market, not of the answer. */
  as_of: z.iso.datetime(),
  source: SourceName,
  ...Freshness,
});
export type Quote = z.infer<typeof Quote>;

/**
 * One period's open, high, low, close and volume, as the source gives them: Yahoo's have later
 * splits taken out, dividends not.
 */
export const Bar = z.object({
  /** The first instant of the period. */
  start: z.iso.datetime(),
  /** The session's local date at its exchange. */
  date: z.iso.date(),
  open: z.number(),
  high: z.number(),
  low: z.number(),
  close: z.number(),
  /** The close with later splits and dividends taken out, where the source gives it. */
  adjusted_close: z.number().nullable(),
  volume: z.number().nullable(),
});
export type Bar = z.infer<typeof Bar>;

/** What happened to a share, or will: it changes what a price means. */
export const MarketEvent = z.object({
  symbol: MarketSymbol,
  kind: z.enum(["dividend", "split", "earnings"]),
  /** Ex-date of a dividend, first day at a split's new price, day of an announcement. */
  date: z.iso.date(),
  /** `quarter_end`: the source tells only which quarter the earnings are of. */
  dated_by: z.enum(["event", "quarter_end"]).default("event"),
  /** Dividend: cash per share, with later splits taken out. Earnings: per share, once known. */
  amount: z.number().nullable().default(null),
  /** Earnings per share that were expected. */
  estimate: z.number().nullable().default(null),
  /** Split: this many shares for `denominator` old ones. */
  numerator: z.number().positive().nullable().default(null),
  denominator: z.number().positive().nullable().default(null),
  /** True for a date that is expected and not announced. */
  estimated: z.boolean().default(false),
  currency: z.string().nullable().default(null),
  source: SourceName,
});
export type MarketEvent = z.infer<typeof MarketEvent>;

/** Bars of one symbol from one source, oldest first. */
export const History = z.object({
  symbol: MarketSymbol,
  interval: Interval,
  currency: z.string().nullable(),
  /** IANA name of the exchange's time zone. */
  timezone: z.string(),
  /** Market identifier of the calendar the symbol trades by, `XNYS`; null: not known, or 24/7. */
  calendar: z.string().nullable(),
  source: SourceName,
  as_of: z.iso.datetime(),
  bars: z.array(Bar),
  /** Dividends and splits within the history, oldest first. */
  events: z.array(MarketEvent).default([]),
  ...Freshness,
});
export type History = z.infer<typeof History>;

/** What a source answers about symbols it could not serve. */
export const Missing = z.object({
  /** As it was asked for: may be malformed. */
  symbol: z.string(),
  code: z.string(),
  reason: z.string(),
});
export type Missing = z.infer<typeof Missing>;

/** Something wrong with a value that a source gave. */
export const Finding = z.object({
  rule: z.enum([
    "missing_field",
    "non_positive_price",
    "high_below_low",
    "stale",
    "gap",
    "zero_volume",
    "negative_volume",
    "jump",
    "duplicate",
    "out_of_session",
    "currency_change",
    "unreadable",
  ]),
  severity: z.enum(["info", "warning", "error"]),
  symbol: MarketSymbol,
  interval: Interval.nullable(),
  /** The instant of the value, where it has one. */
  at: z.iso.datetime().nullable(),
  message: z.string(),
  source: SourceName,
});
export type Finding = z.infer<typeof Finding>;

/** What every source agent serves: capability `fetch_quotes`. */
export const QuotesInput = z.object({ symbols: z.array(z.string()).min(1).max(500) });
export const QuotesOutput = z.object({ quotes: z.array(Quote), missing: z.array(Missing) });
/** What every source agent serves: capability `fetch_history`, with {@link History} as output. */
export const HistoryInput = z.object({
  symbol: MarketSymbol,
  period: Period.default("1mo"),
  interval: Interval.default("1d"),
  /** In place of the period: the local date of the first bar wanted. */
  since: z.iso.date().optional(),
  /** The local date of the last bar wanted; today where it is left out. */
  until: z.iso.date().optional(),
});
/** What every source agent serves: capability `fetch_events`, past and upcoming. */
export const EventsInput = z.object({ symbol: MarketSymbol });
export const EventsOutput = z.object({
  symbol: MarketSymbol,
  /** Oldest first. */
  events: z.array(MarketEvent),
  source: SourceName,
  ...Freshness,
});
/** What every source agent serves: capability `source_status`, since its host started. */
export const SourceStatus = z.object({
  source: SourceName,
  /** `open`: it failed too often, and is left alone for a while. */
  breaker: z.enum(["closed", "open", "half_open"]),
  /** When it may be asked again; null: at once. */
  paused_until: z.iso.datetime().nullable(),
  /** What was asked of the source agent, and what it asked of the market behind it. */
  asked: z.int(),
  calls: z.int(),
  coalesced: z.int(),
  retried: z.int(),
  timed_out: z.int(),
  /** Refused without a call: no budget, paused, or the breaker open. */
  refused: z.int(),
  served_stale: z.int(),
  /** Calls that failed, by code. */
  failures: z.record(z.string(), z.int()),
  /** How long calls took, failed ones too; a bucket counts all up to its bound. */
  latency: z.object({
    count: z.int(),
    sum_seconds: z.number(),
    buckets: z.array(z.object({ le_seconds: z.number(), count: z.int() })),
  }),
});
export type SourceStatus = z.infer<typeof SourceStatus>;
