/**
 * What a period and an interval mean, the same for every source. Pure: the caller brings the day.
 *
 * `1d` and `5d` are the last one and five sessions, the others reach back by the calendar. Bars of
 * less than a day are kept by real sources for a while only; a period beyond that is refused, by
 * the simulated source too, so that what works with one works with the other.
 */

import { AppError, Interval, Period } from "100ac";

/** How far back a history goes. */
export type Reach =
  | { readonly kind: "sessions"; readonly count: number }
  | { readonly kind: "since"; readonly date: Temporal.PlainDate };

/**
 * The reach of `period` seen from the local day `today`; it begins on the first day of a week or
 * month when the bars are as long. `since`, a local date, goes before the period.
 * @throws {AppError} `bad_request`: bars of this interval are not kept for this long.
 */
export function reachOf(
  symbol: string,
  period: Period,
  interval: Interval,
  today: Temporal.PlainDate,
  since?: string,
): Reach {
  const kept = intradayKept(interval);
  if (since !== undefined) return sinceOf(since, interval, today, kept);
  if (kept !== undefined && !kept.periods.includes(period)) {
    throw new AppError(
      "bad_request",
      `Cannot fetch history of "${symbol}": bars of ${interval} are not kept for ${period}; ` +
        `ask for ${kept.periods.join(", ")}, or for longer bars`,
    );
  }
  const count = sessionCounts[period];
  if (count !== undefined && !isGrouped(interval)) return { kind: "sessions", count };
  const first = firstDay(period, today);
  const earliest = today.subtract({ days: kept?.days ?? 0 });
  const clipped = kept !== undefined && Temporal.PlainDate.compare(first, earliest) < 0;
  return { kind: "since", date: groupDate(clipped ? earliest : first, interval) };
}

/** As far back as asked, but no further than such bars are kept. */
function sinceOf(
  since: string,
  interval: Interval,
  today: Temporal.PlainDate,
  kept: Kept | undefined,
): Reach {
  const asked = Temporal.PlainDate.from(since);
  const earliest = kept === undefined ? asked : today.subtract({ days: kept.days });
  const date = Temporal.PlainDate.compare(asked, earliest) < 0 ? earliest : asked;
  return { kind: "since", date: groupDate(date, interval) };
}

/** Sessions in periods that are counted in sessions. */
const sessionCounts: Partial<Record<Period, number>> = { "1d": 1, "5d": 5 };

interface Kept {
  readonly periods: readonly Period[];
  /** Age in days that bars are given up to. */
  readonly days: number;
}

/** Which periods bars of less than a day can be had for; undefined: longer bars, kept for ever. */
function intradayKept(interval: Interval): Kept | undefined {
  switch (interval) {
    case "1m":
      return { periods: ["1d", "5d"], days: 7 };
    case "2m":
    case "5m":
    case "15m":
    case "30m":
      return { periods: ["1d", "5d", "1mo"], days: 59 };
    case "1h":
      return { periods: ["1d", "5d", "1mo", "3mo", "6mo", "1y", "2y", "ytd"], days: 729 };
    case "1d":
    case "1wk":
    case "1mo":
      return undefined;
  }
}

function firstDay(period: Period, today: Temporal.PlainDate): Temporal.PlainDate {
  switch (period) {
    case "1d":
      return today;
    case "5d":
      return today.subtract({ days: 7 });
    case "1mo":
      return today.subtract({ months: 1 });
    case "3mo":
      return today.subtract({ months: 3 });
    case "6mo":
      return today.subtract({ months: 6 });
    case "1y":
      return today.subtract({ years: 1 });
    case "2y":
      return today.subtract({ years: 2 });
    case "5y":
      return today.subtract({ years: 5 });
    case "10y":
      return today.subtract({ years: 10 });
    case "ytd":
      return today.with({ month: 1, day: 1 });
    case "max":
      return Temporal.PlainDate.from("1900-01-01");
  }
}

/** The day a bar of `interval` is filed under: its own, its week's Monday or its month's first. */
export function groupDate(date: Temporal.PlainDate, interval: Interval): Temporal.PlainDate {
  if (interval === "1wk") return date.subtract({ days: date.dayOfWeek - 1 });
  if (interval === "1mo") return date.with({ day: 1 });
  return date;
}

/** True for bars that take several sessions together. */
export function isGrouped(interval: Interval): boolean {
  return interval === "1wk" || interval === "1mo";
}

/** The instant a local day begins, in UTC milliseconds. */
export function dayBeginMs(date: Temporal.PlainDate, timezone: string): number {
  return date.toZonedDateTime(timezone).epochMilliseconds;
}
