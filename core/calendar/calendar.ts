/**
 * Exchange sessions: the days on which an exchange trades, with open and close. Agents import it as
 * `"100ac/calendar"`.
 *
 * ```ts
 * import { sessionsBetween } from "100ac/calendar";
 * import assert from "node:assert/strict";
 *
 * const [wednesday, friday] = sessionsBetween("XNYS", "2024-07-03", "2024-07-07");
 * assert.equal(wednesday?.halfDay, true);
 * assert.equal(friday?.date, "2024-07-05");
 * ```
 *
 * The same question always gets the same answer. Each year is computed once and cached.
 */

import { AppError } from "../errors.ts";
import { parseDay } from "./days.ts";
import type { Exchange } from "./exchange.ts";
import { always } from "./always.ts";
import { newYork } from "./new_york.ts";
import { type Session, sessionsOfYear } from "./sessions.ts";

export type { Session } from "./sessions.ts";

const exchanges = {
  /** New York Stock Exchange. */
  XNYS: newYork,
  /** Nasdaq. */
  XNAS: newYork,
  /** Markets that never close, by UTC day. */
  "24/7": always,
} as const satisfies Record<string, Exchange>;

/** Market identifier code (ISO 10383) of an exchange with known sessions, or `24/7`. */
export type CalendarName = keyof typeof exchanges;

/** The names of all calendars. */
export const calendarNames: readonly CalendarName[] = Object.keys(exchanges) as CalendarName[];

/** Whether a name is that of a calendar. */
export function isCalendarName(name: string): name is CalendarName {
  return Object.hasOwn(exchanges, name);
}

/** The IANA name of the time zone of a calendar's dates. */
export function timeZoneOf(calendar: CalendarName): string {
  return exchanges[calendar].timeZone;
}

/** The first and last date that a calendar covers. */
export function coverageOf(
  calendar: CalendarName,
): { readonly firstDate: string; readonly lastDate: string } {
  const [first, last] = exchanges[calendar].years;
  return { firstDate: `${first}-01-01`, lastDate: `${last}-12-31` };
}

/**
 * The sessions from one local date to another, both included, in order; none if `from` is after
 * `to`.
 * @throws {AppError} `invalid_input` for a text that is not a date, or a date outside the calendar.
 */
export function sessionsBetween(
  calendar: CalendarName,
  fromDate: string,
  toDate: string,
): readonly Session[] {
  const firstYear = coveredYear(calendar, fromDate);
  const lastYear = coveredYear(calendar, toDate);
  const sessions: Session[] = [];
  for (let year = firstYear; year <= lastYear; year++) {
    for (const session of yearOf(exchanges[calendar], year).values()) {
      if (session.date >= fromDate && session.date <= toDate) sessions.push(session);
    }
  }
  return sessions;
}

/**
 * The session of a local date; undefined when the exchange is closed. Throws like {@link
 * sessionsBetween}.
 */
export function sessionOf(calendar: CalendarName, date: string): Session | undefined {
  return yearOf(exchanges[calendar], coveredYear(calendar, date)).get(date);
}

/** Whether the exchange trades on a local date. Throws like {@link sessionsBetween}. */
export function isSession(calendar: CalendarName, date: string): boolean {
  return sessionOf(calendar, date) !== undefined;
}

/** Dates outside the table are refused, because a guess would invent sessions. */
function coveredYear(calendar: CalendarName, date: string): number {
  const { firstDate, lastDate } = coverageOf(calendar);
  if (parseDay(date) === undefined) {
    throw new AppError(
      "invalid_input",
      `Cannot read calendar "${calendar}": "${date}" is not a date; write it as YYYY-MM-DD`,
    );
  }
  if (date < firstDate || date > lastDate) {
    throw new AppError(
      "invalid_input",
      `Cannot read calendar "${calendar}": ${date} is outside its table; ` +
        `use dates from ${firstDate} to ${lastDate}`,
    );
  }
  return Number(date.slice(0, 4));
}

/** Bounded by the years of the tables: at most 111 per exchange. */
const years = new Map<Exchange, Map<number, ReadonlyMap<string, Session>>>();

function yearOf(exchange: Exchange, year: number): ReadonlyMap<string, Session> {
  const known = years.get(exchange) ?? new Map<number, ReadonlyMap<string, Session>>();
  years.set(exchange, known);
  const sessions = known.get(year) ?? sessionsOfYear(exchange, year);
  known.set(year, sessions);
  return sessions;
}
