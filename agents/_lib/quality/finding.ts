/** What the rules of quality share: a history's sessions, and how a finding is written. Pure. */

import type { Finding, History } from "100ac";
import {
  type CalendarName,
  coverageOf,
  isCalendarName,
  type Session,
  sessionsBetween,
} from "100ac/calendar";

/** The calendar that has a session for every bar; none for weeks and months. */
export function calendarOf(
  { calendar, interval }: Pick<History, "calendar" | "interval">,
): CalendarName | undefined {
  if (calendar === null || interval === "1wk" || interval === "1mo") return undefined;
  return isCalendarName(calendar) ? calendar : undefined;
}

/** Sessions as far as the calendar knows them: histories reach back to before its table. */
export function knownSessions(
  calendar: CalendarName,
  fromDate: string,
  toDate: string,
): readonly Session[] {
  const { firstDate, lastDate } = coverageOf(calendar);
  const from = fromDate < firstDate ? firstDate : fromDate;
  const to = toDate > lastDate ? lastDate : toDate;
  return from > to ? [] : sessionsBetween(calendar, from, to);
}

/** A finding on a history. */
export function finding(
  { symbol, interval, source }: History,
  rule: Finding["rule"],
  severity: Finding["severity"],
  at: string | null,
  message: string,
): Finding {
  return { rule, severity, symbol, interval, at, message, source };
}
