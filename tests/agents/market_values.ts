/** Quotes, bars and histories with nothing wrong, to be spoiled by a test. */

import type { Bar, History, Quote } from "100ac";

/** Wednesday 2024-07-10, 18:00 UTC: two hours before the close. */
export const nowMs = Date.parse("2024-07-10T18:00:00.000Z");

export function quoteOf(symbol: string, changes: Partial<Quote> = {}): Quote {
  return {
    symbol,
    price: 232.98,
    currency: "USD",
    name: `${symbol} Inc.`,
    exchange: "NMS",
    previous_close: 228.68,
    open: 229.3,
    day_high: 233.08,
    day_low: 229.25,
    volume: 62_627_687,
    market_cap: null,
    as_of: "2024-07-10T17:59:00.000Z",
    source: "fake",
    stale: false,
    age_seconds: 0,
    ...changes,
  };
}

export function barOf(date: string, changes: Partial<Bar> = {}): Bar {
  return {
    start: `${date}T13:30:00.000Z`,
    date,
    open: 229.3,
    high: 233.08,
    low: 229.25,
    close: 232.98,
    // no dividend follows
    adjusted_close: changes.close ?? 232.98,
    volume: 62_627_687,
    ...changes,
  };
}

export function historyOf(
  symbol: string,
  bars: readonly Bar[],
  changes: Partial<History> = {},
): History {
  return {
    symbol,
    interval: "1d",
    basis: "split_adjusted",
    events_complete: true,
    currency: "USD",
    timezone: "America/New_York",
    calendar: "XNYS",
    source: "fake",
    as_of: new Date(nowMs).toISOString(),
    bars: [...bars],
    events: [],
    stale: false,
    age_seconds: 0,
    ...changes,
  };
}
