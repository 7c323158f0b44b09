/**
 * Dividends, splits and earnings of the simulated market. Pure, and like its prices a function of
 * the listing alone. Two shares of three pay a dividend each quarter, one of three was split once;
 * all tell their earnings four times a year. Days are sessions of XNYS.
 */

import { MarketEvent, ratioAfter } from "100ac";
import { sessionsBetween } from "100ac/calendar";
import type { Listing } from "./listing.ts";
import { mix, uniform } from "./random.ts";

/** Dividends and splits from one local date to another, both included, oldest first. */
export function simulatedEvents(
  listing: Listing,
  fromDate: string,
  toDate: string,
): MarketEvent[] {
  return [...dividends(listing, fromDate, toDate), ...simulatedSplits(listing)]
    .filter(({ date }) => date >= fromDate && date <= toDate)
    .sort((a, b) => a.date < b.date ? -1 : 1);
}

/** Earnings since a local date, and the next ones after `today`, whose day is an estimate. */
export function simulatedEarnings(
  listing: Listing,
  fromDate: string,
  today: Temporal.PlainDate,
): MarketEvent[] {
  const month = listing.key % 3;
  const until = today.add({ months: 4 });
  const all = quarterDays(fromDate, until.toString(), month, 20).map((date, quarter) => {
    const key = mix(listing.key, 5_000 + quarter);
    const estimate = cents(listing.price * 0.01 * (0.8 + 0.4 * uniform(key)));
    const isKnown = date <= today.toString();
    return event(listing, "earnings", date, {
      estimate,
      amount: isKnown ? cents(estimate * (0.9 + 0.2 * uniform(mix(key, 1)))) : null,
      estimated: !isKnown,
    });
  });
  const known = all.filter(({ estimated }) => !estimated);
  return [...known, ...all.slice(known.length, known.length + 1)];
}

function dividends(listing: Listing, fromDate: string, toDate: string): MarketEvent[] {
  if (uniform(mix(listing.key, 11)) > 2 / 3) return [];
  // of today's price: the yield of the past is higher, as that of a share that has grown is
  const amount = listing.price * (0.001 + 0.003 * uniform(mix(listing.key, 12)));
  const splits = simulatedSplits(listing);
  return quarterDays(fromDate, toDate, mix(listing.key, 13) % 3, 10)
    .map((date) =>
      event(listing, "dividend", date, { amount: cents(amount * ratioAfter(date, splits)) })
    );
}

const splitYears = [2003, 2020] as const;

/** All splits of a share, whenever they are. */
export function simulatedSplits(listing: Listing): MarketEvent[] {
  if (uniform(mix(listing.key, 21)) > 1 / 3) return [];
  const [first, last] = splitYears;
  const year = first + mix(listing.key, 22) % (last - first);
  const month = 1 + mix(listing.key, 23) % 12;
  const [date = ""] = firstSession(new Temporal.PlainDate(year, month, 15));
  const numerator = 2 + mix(listing.key, 24) % 3;
  return [event(listing, "split", date, { numerator, denominator: 1 })];
}

/** In every third month the first session from a day of the month on. */
function quarterDays(fromDate: string, toDate: string, offset: number, day: number): string[] {
  const dates: string[] = [];
  const from = Temporal.PlainDate.from(fromDate);
  for (
    let month = from.with({ day });
    month.toString() <= toDate;
    month = month.add({ months: 1 })
  ) {
    if (month.month % 3 === offset) dates.push(...firstSession(month));
  }
  return dates;
}

function firstSession(day: Temporal.PlainDate): string[] {
  // the longest closure there was took six days
  const end = day.add({ days: 9 }).toString();
  return sessionsBetween("XNYS", day.toString(), end).slice(0, 1).map(({ date }) => date);
}

function event(
  { symbol }: Listing,
  kind: MarketEvent["kind"],
  date: string,
  changes: Partial<MarketEvent>,
): MarketEvent {
  return MarketEvent.parse({
    symbol,
    kind,
    date,
    currency: "USD",
    source: "simulated",
    ...changes,
  });
}

function cents(amount: number): number {
  return Math.max(1, Math.round(amount * 100)) / 100;
}
