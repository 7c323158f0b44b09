/**
 * The price of a simulated share at any instant, without stepping there minute by minute.
 *
 * Closes walk from the anchor day, one step for each weekday, holidays too: so the walk needs no
 * calendar, and a holiday is a larger gap to the next open. Within a session, points every half
 * hour bridge open and close; between them every half minute is drawn by itself and kept between
 * the lowest and the highest of the points. A day's range is therefore known from its few points,
 * and bars of any length, put together, give the day's bar.
 *
 * Only + - * / and sqrt, which IEEE 754 defines to the last digit: see random.ts.
 */

import { anchorDate, type Listing } from "./listing.ts";
import { mix, normal, uniform } from "./random.ts";

/** The grain of time: prices are known every 30 s from the session's open. */
export const tickMs = 30_000;
const ticksPerPoint = 60;

/** Open and close of each weekday, by {@link weekdayNumber}. */
export interface DayPrices {
  open(weekday: number): number;
  close(weekday: number): number;
}

/** The number of a weekday's date, counted without weekends; a weekend's day is its Friday. */
export function weekdayNumber(date: string): number {
  // 1970-01-05 was a Monday
  const day = Date.parse(date) / 86_400_000 - 4;
  const week = Math.floor(day / 7);
  return week * 5 + Math.min(day - week * 7, 4);
}

/** The prices of the weekdays `first` to `last`. */
export function dayPrices(listing: Listing, first: number, last: number): DayPrices {
  const anchor = weekdayNumber(anchorDate);
  const from = Math.min(anchor, first - 1);
  const closes = new Float64Array(Math.max(anchor, last) - from + 1);
  closes[anchor - from] = listing.price;
  for (let day = anchor + 1; day <= last; day++) {
    closes[day - from] = at(closes, day - 1 - from) * overnight(listing, day) * daily(listing, day);
  }
  for (let day = anchor; day > from; day--) {
    closes[day - 1 - from] = at(closes, day - from) /
      (overnight(listing, day) * daily(listing, day));
  }
  return {
    open: (day) => at(closes, day - 1 - from) * overnight(listing, day),
    close: (day) => at(closes, day - from),
  };
}

function at(values: Float64Array, index: number): number {
  const value = values[index];
  if (value === undefined) throw new Error(`day ${index} is outside the prices that were made`);
  return value;
}

/** Growth of about 8 percent a year, over 252 days. */
const drift = 0.0003;

function overnight(listing: Listing, weekday: number): number {
  return 1 + 0.4 * listing.volatility * normal(mix(listing.key, 2 * weekday));
}

function daily(listing: Listing, weekday: number): number {
  return 1 + drift + 0.9 * listing.volatility * normal(mix(listing.key, 2 * weekday + 1));
}

/** One session's prices and volume; ticks count from its open, 0 to `ticks`. */
export interface SessionPath {
  readonly ticks: number;
  readonly low: number;
  readonly high: number;
  price(tick: number): number;
  /** Units traded from the open until a tick. */
  volume(tick: number): number;
}

/** The path of a share through a session of `ticks` from `open` to `close`. */
export function sessionPath(
  listing: Listing,
  weekday: number,
  ticks: number,
  open: number,
  close: number,
): SessionPath {
  const key = mix(listing.key, ~weekday);
  const scale = listing.volatility * open;
  const points = sessionPoints(key, ticks, open, close, scale);
  const low = Math.min(...points);
  const high = Math.max(...points);
  const units = listing.dailyVolume * (0.5 + uniform(mix(key, -1))) * (ticks / usualTicks);
  return {
    ticks,
    low,
    high,
    price(tick) {
      if (tick === ticks) return close;
      const before = Math.floor(tick / ticksPerPoint);
      const from = points[before] ?? close;
      const into = tick - before * ticksPerPoint;
      const share = into / Math.min(ticksPerPoint, ticks - before * ticksPerPoint);
      const line = from + ((points[before + 1] ?? close) - from) * share;
      const noise = noisiness * scale * Math.sqrt(share * (1 - share)) *
        normal(mix(key, 1_000 + tick));
      return Math.min(high, Math.max(low, line + noise));
    },
    volume: (tick) => Math.round(units * tradedShare(tick / ticks)),
  };
}

/** Deviation of a half minute between two points, as a part of the day's. */
const noisiness = 0.08;

/** 09:30 to 16:00. */
const usualTicks = 780;

/** The price every half hour: a Brownian bridge from open to close. */
function sessionPoints(
  key: number,
  ticks: number,
  open: number,
  close: number,
  scale: number,
): readonly number[] {
  const count = Math.ceil(ticks / ticksPerPoint);
  const step = scale / Math.sqrt(count);
  const walk = [0];
  for (let point = 1; point <= count; point++) {
    walk.push((walk[point - 1] ?? 0) + step * normal(mix(key, point)));
  }
  const drifted = walk[count] ?? 0;
  return walk.map((value, point) => {
    if (point === count) return close;
    const share = point * ticksPerPoint / ticks;
    return open + (close - open) * share + value - drifted * share;
  });
}

/**
 * The share of a day's volume that is traded when a share `x` of its time is over: the integral
 * of 1 + 2 (2x - 1)², as much trading near open and close asks for, scaled to end at 1.
 */
function tradedShare(x: number): number {
  const middle = 2 * x - 1;
  return (x + (middle * middle * middle + 1) / 3) / (1 + 2 / 3);
}
