/**
 * Where a bar is filed, and when it is final. A bar of a day or longer is filed under its date, so
 * that a corrected calendar or time zone moves it instead of doubling it; a shorter one under its
 * start. Pure.
 */

import { coverageOf, isCalendarName, sessionOf } from "../../calendar/calendar.ts";
import type { Bar, History, Interval } from "../../sdk/market.ts";

const dayMs = 86_400_000;
/** The longest period of a bar, in milliseconds. */
const lengthMs = {
  "1m": 60_000,
  "2m": 120_000,
  "5m": 300_000,
  "15m": 900_000,
  "30m": 1_800_000,
  "1h": 3_600_000,
  "1d": dayMs,
  "1wk": 7 * dayMs,
  "1mo": 31 * dayMs,
} as const satisfies Record<Interval, number>;

/** Whether bars of an interval are filed under their date. */
export function isFiledByDate(interval: string): boolean {
  return interval === "1d" || interval === "1wk" || interval === "1mo";
}

/** The slot of a bar. */
export function slotOf(interval: string, { start, date }: Pick<Bar, "start" | "date">): number {
  return isFiledByDate(interval) ? daySlot(date) : Date.parse(start);
}

/** The slot of a date: days since 1970. */
export function daySlot(date: string): number {
  return Date.parse(date) / dayMs;
}

/** When the period of a bar has ended: its session's close, or the end of its local day. */
export function endMs(
  { interval, calendar, timezone }: Pick<History, "interval" | "calendar" | "timezone">,
  { start, date }: Pick<Bar, "start" | "date">,
): number {
  if (interval !== "1d") return Date.parse(start) + lengthMs[interval];
  if (calendar !== null && isCalendarName(calendar)) {
    const { firstDate, lastDate } = coverageOf(calendar);
    const session = date >= firstDate && date <= lastDate ? sessionOf(calendar, date) : undefined;
    if (session !== undefined) return session.closeAtMs;
  }
  return Temporal.PlainDate.from(date).add({ days: 1 }).toZonedDateTime(timezone)
    .epochMilliseconds;
}

/** The local date of an instant. */
export function localDate(atMs: number, timezone: string): string {
  return Temporal.Instant.fromEpochMilliseconds(atMs).toZonedDateTimeISO(timezone).toPlainDate()
    .toString();
}

/** The earliest instant of a date in any time zone. */
export function beginMs(date: string): number {
  return Date.parse(date) - 14 * 3_600_000;
}
