/**
 * A made-up share with everything that really happened to it: what was traded on every session, its
 * splits and dividends. A pure function of its seed.
 */

import type { Random } from "./random.ts";

export interface TrueBar {
  readonly date: string;
  readonly startMs: number;
  readonly endMs: number;
  readonly open: number;
  readonly high: number;
  readonly low: number;
  readonly close: number;
  readonly volume: number;
}

export interface TrueSplit {
  readonly date: string;
  readonly numerator: number;
  readonly denominator: number;
  /** When the source adjusts its prices by it, and when it reports it. */
  readonly appliedAtMs: number;
  readonly reportedAtMs: number;
  /** Meanwhile the source has it on another date as well. */
  readonly twin?: { readonly date: string; readonly untilMs: number };
}

export interface TrueDividend {
  readonly date: string;
  /** Per share, as paid. */
  readonly amount: number;
  readonly reportedAtMs: number;
  /** What the source says until then. */
  readonly wrong?: { readonly amount: number; readonly untilMs: number };
}

export interface Exchange {
  readonly calendar: string | null;
  readonly timezone: string;
  readonly open: string;
  readonly close: string;
}

const newYork = {
  calendar: "XNYS",
  timezone: "America/New_York",
  open: "09:30",
  close: "16:00",
} as const;

const exchanges: readonly Exchange[] = [
  newYork,
  { calendar: null, timezone: "Asia/Tokyo", open: "09:00", close: "15:00" },
  { calendar: null, timezone: "Europe/London", open: "08:00", close: "16:30" },
];

export interface Truth {
  readonly exchange: Exchange;
  readonly bars: readonly TrueBar[];
  readonly splits: readonly TrueSplit[];
  readonly dividends: readonly TrueDividend[];
}

const dayMs = 86_400_000;
/** A stretch of sessions without a holiday of XNYS. */
export const firstDate = "2024-07-08";
const sessionsMax = 38;
const ratios = [[2, 1], [3, 2], [10, 1], [1, 10], [4, 1]] as const;

export function makeTruth(random: Random): Truth {
  const exchange = exchanges[random.int(exchanges.length)] ?? newYork;
  const dates = weekdays(firstDate, sessionsMax);
  const splits = makeSplits(random, dates, exchange);
  const bars: TrueBar[] = [];
  let price = 80 + 100 * random.unit();
  for (const date of dates) {
    const split = splits.find((one) => one.date === date);
    if (split !== undefined) price *= split.denominator / split.numerator;
    const open = price * (1 + 0.01 * (random.unit() - 0.5));
    const close = open * (1 + 0.02 * (random.unit() - 0.5));
    bars.push({
      date,
      startMs: atClock(date, exchange.open, exchange.timezone),
      endMs: exchange.calendar === null
        ? atClock(nextDay(date), "00:00", exchange.timezone)
        : atClock(date, exchange.close, exchange.timezone),
      open,
      high: Math.max(open, close) * (1 + 0.005 * random.unit()),
      low: Math.min(open, close) * (1 - 0.005 * random.unit()),
      close,
      volume: Math.round(1_000_000 * (1 + random.unit())),
    });
    price = close;
  }
  return { exchange, bars, splits, dividends: makeDividends(random, dates, bars, exchange) };
}

function makeSplits(
  random: Random,
  dates: readonly string[],
  { timezone }: Exchange,
): TrueSplit[] {
  const count = random.int(3);
  const days = new Set<number>();
  // far enough apart that each settles before the next
  for (let n = 0; n < count; n++) days.add(8 + 14 * n + random.int(4));
  return [...days].map((day) => {
    const [numerator, denominator] = ratios[random.int(ratios.length)] ?? ratios[0];
    const date = dates[day] ?? "";
    const exMs = atClock(date, "00:00", timezone);
    const appliedAtMs = exMs + (random.chance(0.3) ? random.int(3) * dayMs + 3_600_000 : 0);
    const reportedAtMs = random.chance(0.3)
      ? exMs + random.int(3) * dayMs + 3_600_000
      : random.chance(0.5)
      ? appliedAtMs
      : exMs - 3 * dayMs;
    const twin = random.chance(0.2)
      ? { date: dates[day + 1] ?? date, untilMs: exMs + 4 * dayMs }
      : undefined;
    return { date, numerator, denominator, appliedAtMs, reportedAtMs, ...twin && { twin } };
  });
}

function makeDividends(
  random: Random,
  dates: readonly string[],
  bars: readonly TrueBar[],
  { timezone }: Exchange,
): TrueDividend[] {
  return [5, 17, 29].filter(() => random.chance(0.6)).map((day) => {
    const date = dates[day] ?? "";
    const amount = (bars[day - 1]?.close ?? 1) * 0.005 * (1 + random.unit());
    const exMs = atClock(date, "00:00", timezone);
    const reportedAtMs = exMs + (random.int(4) - 2) * dayMs;
    const wrong = random.chance(0.3)
      ? { amount: amount * 1.5, untilMs: Math.max(exMs, reportedAtMs) + 2 * dayMs }
      : undefined;
    return { date, amount, reportedAtMs, ...wrong && { wrong } };
  });
}

export function splitRatioOf({ numerator, denominator }: TrueSplit): number {
  return numerator / denominator;
}

export function localDateOf(atMs: number, timezone: string): string {
  return Temporal.Instant.fromEpochMilliseconds(atMs).toZonedDateTimeISO(timezone).toPlainDate()
    .toString();
}

function weekdays(from: string, count: number): string[] {
  const dates: string[] = [];
  for (let day = Temporal.PlainDate.from(from); dates.length < count; day = day.add({ days: 1 })) {
    if (day.dayOfWeek <= 5) dates.push(day.toString());
  }
  return dates;
}

function nextDay(date: string): string {
  return Temporal.PlainDate.from(date).add({ days: 1 }).toString();
}

function atClock(date: string, clock: string, timezone: string): number {
  return Temporal.PlainDateTime.from(`${date}T${clock}`).toZonedDateTime(timezone)
    .epochMilliseconds;
}
