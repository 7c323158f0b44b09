/** Computes the sessions of one year from an exchange's table. Pure. */

import { type Day, dayMs, dayOf, formatDay, parseDay, weekdayOf } from "./days.ts";
import { type ClockTime, type Exchange, holdsIn } from "./exchange.ts";
import { zoneClock } from "./zone_clock.ts";

/** One trading day of an exchange, without pre-market and after-hours trading. */
export interface Session {
  /** The local date at the exchange, `YYYY-MM-DD`. */
  readonly date: string;
  readonly openAtMs: number;
  readonly closeAtMs: number;
  /** Whether it closes before the usual time. */
  readonly halfDay: boolean;
}

interface Hours {
  readonly open: ClockTime;
  readonly close: ClockTime;
}

/** The sessions of a year, by date, in ascending order. */
export function sessionsOfYear(exchange: Exchange, year: number): ReadonlyMap<string, Session> {
  const closed = closedDays(exchange, year);
  const special = unusualHours(exchange, year);
  const toUtcMs = zoneClock(exchange.timeZone);
  const sessions = new Map<string, Session>();
  const end = dayOf(year + 1, 1, 1);
  for (let day = dayOf(year, 1, 1); day < end; day++) {
    if (closed.has(day) || !exchange.weekdays.includes(weekdayOf(day))) continue;
    const { open, close } = special.get(day) ?? exchange;
    const date = formatDay(day);
    const session: Session = {
      date,
      openAtMs: toUtcMs(wallMs(day, open)),
      closeAtMs: toUtcMs(wallMs(day, close)),
      halfDay: close < exchange.close,
    };
    // sessions are cached and shared, so no caller may change one
    sessions.set(date, Object.freeze(session));
  }
  return sessions;
}

function closedDays(exchange: Exchange, year: number): ReadonlySet<Day> {
  const days = new Set<Day>();
  for (const holiday of exchange.holidays) {
    if (!holdsIn(year, holiday)) continue;
    const day = holiday.on(year);
    days.add(holiday.observed === undefined ? day : holiday.observed(day));
  }
  for (const date of Object.keys(exchange.closures)) {
    days.add(dayOfTable(date));
  }
  return days;
}

function unusualHours(exchange: Exchange, year: number): ReadonlyMap<Day, Hours> {
  const { open, close } = exchange;
  const hours = new Map<Day, Hours>();
  for (const halfDay of exchange.halfDays) {
    if (!holdsIn(year, halfDay)) continue;
    const day = halfDay.on(year);
    if (halfDay.weekdays?.includes(weekdayOf(day)) === false) continue;
    hours.set(day, { open, close: halfDay.close });
  }
  for (const [date, special] of Object.entries(exchange.hours)) {
    hours.set(dayOfTable(date), { open: special.open ?? open, close: special.close ?? close });
  }
  return hours;
}

function dayOfTable(date: string): Day {
  const day = parseDay(date);
  if (day === undefined) throw new Error(`"${date}" in an exchange's table is not a date`);
  return day;
}

function wallMs(day: Day, time: ClockTime): number {
  const [hour, minute] = time.split(":").map(Number);
  if (hour === undefined || minute === undefined) throw new Error(`"${time}" is not a clock time`);
  return day * dayMs + (hour * 60 + minute) * 60_000;
}
