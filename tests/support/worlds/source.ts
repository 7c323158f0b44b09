/**
 * A source like Yahoo: its prices, volumes and dividends are adjusted by the splits that it has
 * applied at the instant of the answer. It may apply a split late, report it early, late or twice,
 * and correct dividends.
 */

import type { Bar, History, MarketEvent } from "100ac";
import { localDateOf, splitRatioOf, type Truth } from "./truth.ts";

export interface Answering {
  readonly nowMs: number;
  readonly since: string;
  /** Dates whose bars are left out. */
  readonly lacks?: ReadonlySet<string>;
  /** Whether all events are left out. */
  readonly withoutEvents?: boolean;
}

export function answerOf(
  { exchange, bars, splits, dividends }: Truth,
  { nowMs, since, lacks = new Set(), withoutEvents = false }: Answering,
): History {
  const applied = splits.filter(({ appliedAtMs }) => appliedAtMs <= nowMs);
  const ratioAfter = (date: string): number =>
    applied.reduce((ratio, split) => split.date > date ? ratio * splitRatioOf(split) : ratio, 1);
  const reached = bars.filter(({ date, startMs }) =>
    date >= since && startMs < nowMs && !lacks.has(date)
  );
  const shown = reached.map((bar): Bar => {
    const ratio = ratioAfter(bar.date);
    // a session under way has not its last price yet
    const close = bar.endMs <= nowMs ? bar.close : bar.open;
    return {
      start: new Date(bar.startMs).toISOString(),
      date: bar.date,
      open: bar.open / ratio,
      high: Math.max(bar.high, close) / ratio,
      low: bar.low / ratio,
      close: close / ratio,
      adjusted_close: null,
      volume: bar.volume * ratio,
    };
  });
  const event = (kind: MarketEvent["kind"], date: string, values: Partial<MarketEvent>) => ({
    symbol: "SHARE",
    source: "model",
    kind,
    date,
    dated_by: "event" as const,
    dividend_kind: null,
    amount: null,
    estimate: null,
    numerator: null,
    denominator: null,
    estimated: false,
    currency: "USD",
    ...values,
  });
  const first = shown[0]?.date ?? "9999-99-99";
  const told = splits.filter(({ reportedAtMs }) => reportedAtMs <= nowMs);
  const events = [
    ...told.flatMap(({ date, twin, numerator, denominator }) => [
      event("split", date, { numerator, denominator }),
      ...twin !== undefined && nowMs < twin.untilMs
        ? [event("split", twin.date, { numerator, denominator })]
        : [],
    ]),
    ...dividends.filter(({ reportedAtMs }) => reportedAtMs <= nowMs).map((dividend) => {
      const { date, wrong } = dividend;
      const paid = wrong !== undefined && nowMs < wrong.untilMs ? wrong.amount : dividend.amount;
      return event("dividend", date, { amount: paid / ratioAfter(date) });
    }),
  ].filter(({ date }) => date >= first).sort((a, b) => a.date < b.date ? -1 : 1);
  return {
    symbol: "SHARE",
    interval: "1d",
    basis: "split_adjusted",
    events_complete: true,
    currency: "USD",
    timezone: exchange.timezone,
    calendar: exchange.calendar,
    source: "model",
    as_of: new Date(nowMs).toISOString(),
    bars: shown,
    events: withoutEvents ? [] : events,
    stale: false,
    age_seconds: 0,
  };
}

/** The splits that are in force on the exchange's day of an instant. */
export function inForce({ splits, exchange }: Truth, atMs: number) {
  const today = localDateOf(atMs, exchange.timezone);
  return splits.filter(({ date }) => date <= today);
}
