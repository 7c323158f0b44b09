/**
 * A market that never was: quotes and bars of any well-formed symbol, trading in USD on the
 * sessions of XNYS, for demonstrations, tests and machines without a network. Pure: the same
 * seed, symbol and instant give the same values on every machine, and what a later instant sees
 * of the past is what an earlier one saw. Every value says `source: "simulated"`.
 *
 * Prices are as traded: a split divides those that follow it. Splits and dividends: see events.ts.
 */

import {
  AppError,
  Bar,
  History,
  HistoryInput,
  Interval,
  MarketEvent,
  Quote,
  ratioAfter,
  type z,
} from "100ac";
import { type Session, sessionsBetween } from "100ac/calendar";
import { fresh } from "../../_lib/source/freshness.ts";
import { simulatedEarnings, simulatedEvents, simulatedSplits } from "./events.ts";
import { type Listing, listingOf } from "./listing.ts";
import { dayPrices, type SessionPath, sessionPath, tickMs, weekdayNumber } from "./path.ts";
import { datedUntil, groupBars } from "../../_lib/source/bars.ts";
import { isGrouped, type Reach, reachOf } from "../../_lib/source/period.ts";

/** A market is its seed; what is seen of it depends on the instant, in UTC milliseconds. */
export interface SimulatedMarket {
  readonly seed: number;
  readonly nowMs: number;
}

const calendar = "XNYS";
const timezone = "America/New_York";
/** The first day of trading: the Monday on which the century's first session was. */
const firstDate = "2000-01-03";

/**
 * The quote of a symbol.
 * @throws {AppError} `not_found` for an unknown symbol or before the market's second session.
 */
export function simulatedQuote(symbol: string, market: SimulatedMarket): Quote {
  const listing = listingOf(symbol, market.seed);
  // enough days for two sessions: the longest closure, in September 2001, took six
  const [previous, last] = listing === undefined
    ? []
    : trade(listing, begun(today(market).subtract({ days: 14 }), market).slice(-2), market);
  if (listing === undefined || previous === undefined || last === undefined) {
    throw unknown("quote", symbol);
  }
  const bar = barOf(last, 0, last.ticksPast);
  return {
    symbol,
    price: bar.close,
    currency: "USD",
    name: listing.name,
    exchange: "SIM",
    previous_close: cents(previous.path.price(previous.ticksPast) * last.ratio),
    open: bar.open,
    day_high: bar.high,
    day_low: bar.low,
    volume: bar.volume,
    market_cap: Math.round(bar.close * listing.sharesOutstanding),
    as_of: iso(asOfMs(last)),
    source: "simulated",
    ...fresh,
  };
}

/**
 * The bars of a symbol; the last one ends at the market's instant.
 * @throws {AppError} `not_found` for an unknown symbol or before the market's first session,
 * `bad_request` for a period that bars of this interval are not kept for.
 */
export function simulatedHistory(
  input: z.output<typeof HistoryInput>,
  market: SimulatedMarket,
): History {
  const { symbol, period, interval, since, until } = input;
  const reach = reachOf(symbol, period, interval, today(market), since);
  const listing = listingOf(symbol, market.seed);
  const traded = listing === undefined ? [] : trade(listing, sessionsOf(reach, market), market);
  const last = traded.at(-1);
  if (last === undefined) {
    throw unknown("history", symbol);
  }
  const bars = traded.flatMap((session) => barsOf(session, interval));
  const firstSession = traded[0]?.session.date ?? "";
  return {
    symbol,
    interval,
    basis: "traded",
    events_complete: true,
    currency: "USD",
    timezone,
    calendar,
    source: "simulated",
    ...fresh,
    as_of: iso(asOfMs(last)),
    bars: datedUntil(isGrouped(interval) ? groupBars(bars, interval, timezone) : bars, until),
    events: simulatedEvents(last.listing, firstSession, today(market).toString()),
  };
}

/** A session and what of it has passed at the market's instant. */
interface Traded {
  readonly listing: Listing;
  readonly session: Session;
  readonly path: SessionPath;
  readonly ticksPast: number;
  /** Traded prices divided by the path's, which has all splits taken out. */
  readonly ratio: number;
}

/**
 * What happened to a share since the market opened, and its next earnings, as far as is known.
 * @throws {AppError} `not_found` for an unknown symbol.
 */
export function simulatedEventsOf(symbol: string, market: SimulatedMarket): MarketEvent[] {
  const listing = listingOf(symbol, market.seed);
  if (listing === undefined) throw unknown("events", symbol);
  const to = today(market);
  return [
    ...simulatedEvents(listing, firstDate, to.toString()),
    ...simulatedEarnings(listing, firstDate, to),
  ].sort((a, b) => a.date < b.date ? -1 : 1);
}

function unknown(thing: string, symbol: string): AppError {
  return new AppError(
    "not_found",
    `Cannot fetch ${thing} of "${symbol}": the simulated market does not know it, ` +
      `or has not opened yet; ask for another symbol`,
  );
}

function today({ nowMs }: SimulatedMarket): Temporal.PlainDate {
  return Temporal.Instant.fromEpochMilliseconds(nowMs).toZonedDateTimeISO(timezone).toPlainDate();
}

function sessionsOf(reach: Reach, market: SimulatedMarket): readonly Session[] {
  if (reach.kind === "since") return begun(reach.date, market);
  // three calendar days a session and two weeks more hold any closure there was
  const days = 14 + 3 * reach.count;
  return begun(today(market).subtract({ days }), market).slice(-reach.count);
}

/** The sessions from a day on that have at least one tick behind them. */
function begun(from: Temporal.PlainDate, market: SimulatedMarket): readonly Session[] {
  const fromDate = from.toString();
  const toDate = today(market).toString();
  if (toDate < firstDate) return [];
  return sessionsBetween(calendar, fromDate < firstDate ? firstDate : fromDate, toDate)
    .filter((session) => session.openAtMs + tickMs <= market.nowMs);
}

function trade(
  listing: Listing,
  sessions: readonly Session[],
  { nowMs }: SimulatedMarket,
): readonly Traded[] {
  const first = sessions[0];
  const last = sessions.at(-1);
  if (first === undefined || last === undefined) return [];
  const splits = simulatedSplits(listing);
  const prices = dayPrices(listing, weekdayNumber(first.date), weekdayNumber(last.date));
  return sessions.map((session) => {
    const weekday = weekdayNumber(session.date);
    const ticks = Math.floor((session.closeAtMs - session.openAtMs) / tickMs);
    const past = Math.floor((nowMs - session.openAtMs) / tickMs);
    return {
      listing,
      session,
      path: sessionPath(listing, weekday, ticks, prices.open(weekday), prices.close(weekday)),
      ticksPast: Math.min(past, ticks),
      ratio: ratioAfter(session.date, splits),
    };
  });
}

const ticksOf = { "1m": 2, "2m": 4, "5m": 10, "15m": 30, "30m": 60, "1h": 120 } as const;

function barsOf(traded: Traded, interval: Interval): readonly Bar[] {
  if (interval === "1d" || interval === "1wk" || interval === "1mo") {
    return [barOf(traded, 0, traded.ticksPast)];
  }
  const bars: Bar[] = [];
  for (let from = 0; from < traded.ticksPast; from += ticksOf[interval]) {
    bars.push(barOf(traded, from, Math.min(from + ticksOf[interval], traded.ticksPast)));
  }
  return bars;
}

function barOf({ session, path, ratio }: Traded, from: number, to: number): Bar {
  const { low, high } = from === 0 && to === path.ticks ? path : rangeOf(path, from, to);
  return {
    start: iso(session.openAtMs + from * tickMs),
    date: session.date,
    open: cents(path.price(from) * ratio),
    high: cents(high * ratio),
    low: cents(low * ratio),
    close: cents(path.price(to) * ratio),
    adjusted_close: null,
    // parts of a day add up to it
    volume: Math.round(path.volume(to) / ratio) - Math.round(path.volume(from) / ratio),
  };
}

function rangeOf(path: SessionPath, from: number, to: number): { low: number; high: number } {
  let low = Infinity;
  let high = 0;
  for (let tick = from; tick <= to; tick++) {
    const price = path.price(tick);
    low = Math.min(low, price);
    high = Math.max(high, price);
  }
  return { low, high };
}

/** The instant of the last price there is: the last tick, or the session's close. */
function asOfMs({ session, ticksPast }: Traded): number {
  return session.openAtMs + ticksPast * tickMs;
}

/** Rounded as prices are quoted, never to nothing. Keeps order, so high stays above low. */
function cents(price: number): number {
  return price < 1
    ? Math.max(1, Math.round(price * 10_000)) / 10_000
    : Math.round(price * 100) / 100;
}

function iso(atMs: number): string {
  return new Date(atMs).toISOString();
}
