/**
 * Civil dates as whole numbers, so that calendars need only arithmetic. A {@link Day} counts days
 * from 1970-01-01 in the Gregorian calendar. Pure: no clock, no time zone.
 */

/** Days since 1970-01-01. */
export type Day = number;

/** Milliseconds of a day of 24 hours; local days with a clock change are shorter or longer. */
export const dayMs = 86_400_000;

/** Days of the week in the numbering of ISO 8601. */
export const Monday = 1;
export const Tuesday = 2;
export const Wednesday = 3;
export const Thursday = 4;
export const Friday = 5;
export const Saturday = 6;
export const Sunday = 7;
/** Monday is 1, Sunday 7. */
export type Weekday = 1 | 2 | 3 | 4 | 5 | 6 | 7;

/** The day of a date. A day past the end of its month continues into the next month. */
export function dayOf(year: number, month: number, dayOfMonth: number): Day {
  return Date.UTC(year, month - 1, dayOfMonth) / dayMs;
}

/** The day of the week of a day. */
export function weekdayOf(day: Day): Weekday {
  // 1970-01-01 was a Thursday; the double modulo keeps earlier days positive
  return ((((day + 3) % 7) + 7) % 7 + 1) as Weekday;
}

/** `YYYY-MM-DD`, for the years 0 to 9999. */
export function formatDay(day: Day): string {
  return new Date(day * dayMs).toISOString().slice(0, 10);
}

/** The day of a `YYYY-MM-DD` date; undefined when the form is wrong or the date does not exist. */
export function parseDay(date: string): Day | undefined {
  if (!/^\d{4}-\d{2}-\d{2}$/.test(date)) return undefined;
  const atMs = Date.parse(`${date}T00:00:00Z`);
  if (Number.isNaN(atMs)) return undefined;
  const day = atMs / dayMs;
  return formatDay(day) === date ? day : undefined;
}

/**
 * Easter Sunday of a Gregorian year.
 * Source: the anonymous computus of 1876 in J. Meeus, Astronomical Algorithms (1991), chapter 8.
 */
export function easterSunday(year: number): Day {
  const goldenNumber = year % 19;
  const century = Math.floor(year / 100);
  const yearOfCentury = year % 100;
  const skippedLeapYears = century - Math.floor(century / 4);
  const moonCorrection = Math.floor((century - Math.floor((century + 8) / 25) + 1) / 3);
  const epact = (19 * goldenNumber + skippedLeapYears - moonCorrection + 15) % 30;
  const toSunday =
    (32 + 2 * (century % 4) + 2 * Math.floor(yearOfCentury / 4) - epact - yearOfCentury % 4) % 7;
  const lateMoon = Math.floor((goldenNumber + 11 * epact + 22 * toSunday) / 451);
  const daysAfterMarch22 = epact + toSunday - 7 * lateMoon;
  return dayOf(year, 3, 22) + daysAfterMarch22;
}
