/**
 * Market data shared by all parts: quotes, bars, findings. Source agents provide it, data agents
 * check it and pass it on, the store keeps it. Plugins import it from `"100ac"`.
 *
 * Prices are in `currency` per unit, volumes in units. Instants are UTC ISO strings; dates are the
 * session's local date at its exchange.
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

/** How far a history reaches back from now. */
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

/** The source of a value: the id of its agent. */
export const SourceName = z.string().regex(/^[a-z][a-z0-9_]*$/);

/** Whether an answer is stale: repeated because the source fails at the moment. */
const Freshness = {
  stale: z.boolean().default(false),
  /** Age of the source's answer in seconds; 0 unless it is stale. */
  age_seconds: z.number().nonnegative().default(0),
};

/** The current price of a symbol. Null fields are unknown to the source. */
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
  /** The market time of the price, not the time of the answer. */
  as_of: z.iso.datetime(),
  source: SourceName,
  ...Freshness,
});
export type Quote = z.infer<typeof Quote>;

/**
 * What prices are adjusted by: nothing (`traded`, as the tape showed them), later splits
 * (`split_adjusted`), or later splits and dividends (`adjusted`).
 */
export const Prices = z.enum(["traded", "split_adjusted", "adjusted"]);
export type Prices = z.infer<typeof Prices>;

/** Open, high, low, close and volume of one period. */
export const Bar = z.object({
  /** The first instant of the period. */
  start: z.iso.datetime(),
  /** The session's local date at its exchange. */
  date: z.iso.date(),
  open: z.number(),
  high: z.number(),
  low: z.number(),
  close: z.number(),
  /**
   * The close adjusted for later splits and dividends. From the store it is derived; a source may
   * leave it out.
   */
  adjusted_close: z.number().nullable(),
  volume: z.number().nullable(),
});
export type Bar = z.infer<typeof Bar>;

/** A corporate event, past or expected, that affects the meaning of prices. */
export const MarketEvent = z.object({
  symbol: MarketSymbol,
  kind: z.enum(["dividend", "split", "earnings"]),
  /** Ex-date of a dividend, first day at a split's new price, day of an announcement. */
  date: z.iso.date(),
  /** `quarter_end`: the source states only the quarter of the earnings. */
  dated_by: z.enum(["event", "quarter_end"]).default("event"),
  dividend_kind: z.enum(["cash", "special", "stock", "other"]).nullable().default(null),
  /**
   * Dividend: cash per share, on the basis of its history when it comes from a source, as paid when
   * it comes from the store. Earnings: per share, once known.
   */
  amount: z.number().nullable().default(null),
  /** Expected earnings per share. */
  estimate: z.number().nullable().default(null),
  /** Split: this many shares for `denominator` old ones. */
  numerator: z.number().positive().nullable().default(null),
  denominator: z.number().positive().nullable().default(null),
  /** True for a date that is expected but not announced. */
  estimated: z.boolean().default(false),
  currency: z.string().nullable().default(null),
  source: SourceName,
});
export type MarketEvent = z.infer<typeof MarketEvent>;

/** Bars of one symbol as its source gives them, oldest first. */
export const History = z.object({
  symbol: MarketSymbol,
  interval: Interval,
  /** What the source has adjusted its prices, volumes and dividend amounts by. */
  basis: Prices,
  /**
   * Whether `events` has every split since the first bar. Without them an adjustment cannot be
   * undone, and the series is kept on its source's basis.
   */
  events_complete: z.boolean().default(true),
  currency: z.string().nullable(),
  /** IANA name of the exchange's time zone. */
  timezone: z.string(),
  /** Identifier of the calendar the symbol trades by, such as `XNYS`; null: unknown, or 24/7. */
  calendar: z.string().nullable(),
  source: SourceName,
  as_of: z.iso.datetime(),
  bars: z.array(Bar),
  /** Dividends and splits from the first bar to the instant of the answer, oldest first. */
  events: z.array(MarketEvent).default([]),
  ...Freshness,
});
export type History = z.infer<typeof History>;

/** A symbol that a source could not serve, in its answer. */
export const Missing = z.object({
  /** As requested; may be malformed. */
  symbol: z.string(),
  code: z.string(),
  reason: z.string(),
});
export type Missing = z.infer<typeof Missing>;

/** A problem with a value from a source. */
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
    /** An answer that contradicts the stored bars; it was not stored. */
    "basis",
  ]),
  severity: z.enum(["info", "warning", "error"]),
  symbol: MarketSymbol,
  interval: Interval.nullable(),
  /** The instant of the value, if it has one. */
  at: z.iso.datetime().nullable(),
  message: z.string(),
  source: SourceName,
});
export type Finding = z.infer<typeof Finding>;

/** Input of `fetch_quotes`, which every source agent serves. */
export const QuotesInput = z.object({ symbols: z.array(z.string()).min(1).max(500) });
export const QuotesOutput = z.object({ quotes: z.array(Quote), missing: z.array(Missing) });
/**
 * What became of a fetched history. `held_back`: it contradicts what is stored, so nothing of it
 * was stored; `stale`: it repeats an earlier answer; `empty`: it has no sound bar.
 */
export const Kept = z.object({
  outcome: z.enum(["stored", "held_back", "stale", "empty"]),
  /** Why it was held back. */
  reason: z.string().nullable(),
  /** Sound bars in the answer. */
  bars: z.int(),
  /** Bars with an error, kept in quarantine. */
  rejected: z.int(),
  /** Final bars that the source has changed since they were stored. */
  revised: z.int(),
  findings: z.array(Finding),
});
export type Kept = z.infer<typeof Kept>;

/** Output of `fetch_history`, which every source agent serves. */
export const FetchedHistory = History.extend({ kept: Kept });
export type FetchedHistory = z.infer<typeof FetchedHistory>;

/** Input of `fetch_history`. */
export const HistoryInput = z.object({
  symbol: MarketSymbol,
  period: Period.default("1mo"),
  interval: Interval.default("1d"),
  /** Instead of the period: the local date of the first bar. */
  since: z.iso.date().optional(),
  /** The local date of the last bar; defaults to today. */
  until: z.iso.date().optional(),
});
/** Input of `fetch_events`, which every source agent serves: past and upcoming events. */
export const EventsInput = z.object({ symbol: MarketSymbol });
export const EventsOutput = z.object({
  symbol: MarketSymbol,
  /** Oldest first. */
  events: z.array(MarketEvent),
  source: SourceName,
  /** What dividend amounts are adjusted by. */
  basis: Prices.default("traded"),
  ...Freshness,
});
/** Output of `source_status`, which every source agent serves: figures since its host started. */
export const SourceStatus = z.object({
  source: SourceName,
  /** `open`: after too many failures, the source is not called for a while. */
  breaker: z.enum(["closed", "open", "half_open"]),
  /** The end of the pause; null if the source is not paused. */
  paused_until: z.iso.datetime().nullable(),
  /** Requests to the source agent (`asked`) and its calls to the market (`calls`). */
  asked: z.int(),
  calls: z.int(),
  coalesced: z.int(),
  retried: z.int(),
  timed_out: z.int(),
  /** Requests refused without a call: no budget, paused, or the breaker open. */
  refused: z.int(),
  served_stale: z.int(),
  /** Failed calls, by error code. */
  failures: z.record(z.string(), z.int()),
  /** Duration of calls, failed ones included; a bucket counts all calls up to its bound. */
  latency: z.object({
    count: z.int(),
    sum_seconds: z.number(),
    buckets: z.array(z.object({ le_seconds: z.number(), count: z.int() })),
  }),
});
export type SourceStatus = z.infer<typeof SourceStatus>;
