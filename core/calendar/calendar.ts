/**
 * Exchange sessions: on which days an exchange trades, and from when to when. Imported by agents
 * as `"100ac/calendar"`.
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
 * Pure to the outside: the same question has the same answer, whenever it is asked. Inside, each
 * year is computed once and kept.
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
  /** What is never closed, by days of UTC. */
  "24/7": always,
} as const satisfies Record<string, Exchange>;

/** Market identifier code (ISO 10383) of an exchange whose sessions are known, or `24/7`. */
export type CalendarName = keyof typeof exchanges;

/** Every calendar there is. */
export const calendarNames: readonly CalendarName[] = Object.keys(exchanges) as CalendarName[];

/** True for the name of a calendar there is. */
export function isCalendarName(name: string): name is CalendarName {
  return Object.hasOwn(exchanges, name);
}

/** The IANA name of the time zone that a calendar's dates are in. */
export function timeZoneOf(calendar: CalendarName): string {
  return exchanges[calendar].timeZone;
}

/** The first and the last date that a calendar answers for. */
export function coverageOf(
  calendar: CalendarName,
): { readonly firstDate: string; readonly lastDate: string } {
  const [first, last] = exchanges[calendar].years;
  return { firstDate: `${first}-01-01`, lastDate: `${last}-12-31` };
}

/**
 * The sessions from one local date to another, both included, in order; none when they are the
 * wrong way round.
 * @throws {AppError} `invalid_input`: no date, or a date that the calendar does not cover.
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

/** The session of a local date; undefined when the exchange is closed. Throws as above. */
export function sessionOf(calendar: CalendarName, date: string): Session | undefined {
  return yearOf(exchanges[calendar], coveredYear(calendar, date)).get(date);
}

/** True when the exchange trades on a local date. Throws as above. */
export function isSession(calendar: CalendarName, date: string): boolean {
  return sessionOf(calendar, date) !== undefined;
}

/** Guessing outside the table would give sessions that never were, so it is refused. */
function coveredYear(calendar: CalendarName, date: string): number {
  const { firstDate, lastDate } = coverageOf(calendar);
  if (parseDay(date) === undefined) {
    throw new AppError(
      "invalid_input",
      `Cannot read calendar "${calendar}": "${date}" is no date; write it as YYYY-MM-DD`,
    );
  }
  if (date < firstDate || date > lastDate) {
    throw new AppError(
      "invalid_input",
      `Cannot read calendar "${calendar}": ${date} is outside its table; ` +
        `ask for ${firstDate} to ${lastDate}`,
    );
  }
  return Number(date.slice(0, 4));
}

/** Bounded by the years of the tables: at most 111 an exchange. */
const years = new Map<Exchange, Map<number, ReadonlyMap<string, Session>>>();

function yearOf(exchange: Exchange, year: number): ReadonlyMap<string, Session> {
  const known = years.get(exchange) ?? new Map<number, ReadonlyMap<string, Session>>();
  years.set(exchange, known);
  const sessions = known.get(year) ?? sessionsOfYear(exchange, year);
  known.set(year, sessions);
  return sessions;
}
