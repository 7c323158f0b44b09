/** The vocabulary of exchange tables: which day, and where a weekend moves it. */

import {
  type Day,
  dayOf,
  easterSunday,
  Saturday,
  Sunday,
  type Weekday,
  weekdayOf,
} from "./days.ts";

/** Gives one day of each year. */
export type DayRule = (year: number) => Day;

/** The same date every year. */
export function date(month: number, dayOfMonth: number): DayRule {
  return (year) => dayOf(year, month, dayOfMonth);
}

/** The nth weekday of a month, counted from 1. */
export function nth(count: number, weekday: Weekday, month: number): DayRule {
  return (year) => {
    const first = dayOf(year, month, 1);
    const toFirstWeekday = (weekday - weekdayOf(first) + 7) % 7;
    return first + toFirstWeekday + 7 * (count - 1);
  };
}

/** The last weekday of a month. */
export function last(weekday: Weekday, month: number): DayRule {
  return (year) => {
    const end = dayOf(year, month + 1, 1) - 1;
    return end - (weekdayOf(end) - weekday + 7) % 7;
  };
}

/** Days from Easter Sunday: Good Friday is -2. */
export function easter(days: number): DayRule {
  return (year) => easterSunday(year) + days;
}

/** A number of days after another rule's day. */
export function after(rule: DayRule, days: number): DayRule {
  return (year) => rule(year) + days;
}

/** Gives the day on which a weekend holiday is observed. */
export type Observance = (day: Day) => Day;

/** Moves Saturday to Friday and Sunday to Monday. */
export function nearestWeekday(day: Day): Day {
  const weekday = weekdayOf(day);
  if (weekday === Saturday) return day - 1;
  return weekday === Sunday ? day + 1 : day;
}

/** Moves Sunday to Monday; a Saturday holiday is not observed. */
export function sundayToMonday(day: Day): Day {
  return weekdayOf(day) === Sunday ? day + 1 : day;
}
