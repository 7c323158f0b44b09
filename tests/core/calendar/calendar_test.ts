import assert from "node:assert/strict";
import fc from "fast-check";
import {
  type CalendarName,
  calendarNames,
  coverageOf,
  isCalendarName,
  isSession,
  type Session,
  sessionOf,
  sessionsBetween,
} from "../../../core/calendar/calendar.ts";
import { dayOf, formatDay, Saturday, weekdayOf } from "../../../core/calendar/days.ts";
import { AppError } from "../../../core/errors.ts";
import { goldenCalendar as golden } from "../../support/golden.ts";

const timeZone = "America/New_York";
const [goldenFirstYear = 0, goldenLastYear = 0] = golden.years;

function sessionsOf(year: number): readonly Session[] {
  return sessionsBetween("XNYS", `${year}-01-01`, `${year}-12-31`);
}

function newYorkTime(atMs: number): string {
  return Temporal.Instant.fromEpochMilliseconds(atMs).toZonedDateTimeISO(timeZone)
    .toPlainTime().toString({ smallestUnit: "minute" });
}

Deno.test("the closed days of the golden years match exactly", () => {
  const closed: string[] = [];
  for (let day = dayOf(goldenFirstYear, 1, 1); day < dayOf(goldenLastYear + 1, 1, 1); day++) {
    const date = formatDay(day);
    if (weekdayOf(day) < Saturday && !isSession("XNYS", date)) closed.push(date);
  }
  assert.deepEqual(closed, golden.closed.map(({ date }) => date));
});

Deno.test("the early closes of the golden years match exactly", () => {
  const sessions = sessionsBetween("XNYS", `${goldenFirstYear}-01-01`, `${goldenLastYear}-12-31`);
  const early = sessions.filter(({ halfDay }) => halfDay)
    .map(({ date, closeAtMs }) => ({ date, close: newYorkTime(closeAtMs) }));
  assert.deepEqual(early, golden.earlyCloses);
});

Deno.test("each golden year has the golden number of trading days", () => {
  for (const [year, count] of Object.entries(golden.tradingDays)) {
    assert.equal(sessionsOf(Number(year)).length, count, year);
  }
});

Deno.test("sessions around clock changes open and close at the golden instants", () => {
  for (const { date, open, close } of golden.sessionsUtc) {
    const session = sessionOf("XNYS", date);
    assert.equal(session?.openAtMs, Date.parse(open), date);
    assert.equal(session?.closeAtMs, Date.parse(close), date);
  }
});

Deno.test("earlier years have as many sessions as the exchange counted", () => {
  const counted = [
    ...[253, 253, 254, 253, 252, 252, 254, 253, 252, 252], // 1990 to 1999
    ...[252, 248, 252, 252, 252, 252, 251, 251, 253, 252], // 2000 to 2009
    ...[252, 252, 250, 252, 252], // 2010 to 2014
  ];
  assert.deepEqual(counted.map((_, index) => sessionsOf(1990 + index).length), counted);
});

Deno.test("one-time closures, early closes and late openings are known", () => {
  for (const date of ["1994-04-27", "2001-09-11", "2001-09-14", "2004-06-11", "2012-10-30"]) {
    assert.equal(isSession("XNYS", date), false, date);
  }
  const hours = (date: string): string[] => {
    const session = sessionOf("XNYS", date);
    return session === undefined ? [] : [session.openAtMs, session.closeAtMs].map(newYorkTime);
  };
  assert.deepEqual(hours("1996-01-08"), ["11:00", "14:00"]);
  assert.deepEqual(hours("2002-09-11"), ["12:00", "16:00"]);
  assert.equal(sessionOf("XNYS", "2002-09-11")?.halfDay, false);
});

Deno.test("half-days follow the rules of their time", () => {
  const closes = (date: string): string | undefined => {
    const session = sessionOf("XNYS", date);
    return session && newYorkTime(session.closeAtMs);
  };
  assert.equal(closes("1992-12-24"), "14:00");
  assert.equal(closes("1996-12-24"), "13:00");
  assert.equal(closes("1999-12-24"), undefined); // Christmas on a Saturday
  // Independence Day on a Thursday: until 2012 the day after closed early, since 2013 the day
  // before
  assert.deepEqual([closes("2002-07-03"), closes("2002-07-05")], ["16:00", "13:00"]);
  assert.deepEqual([closes("2013-07-03"), closes("2013-07-05")], ["13:00", "16:00"]);
});

Deno.test("holidays start in their first year, and a Saturday New Year is not observed", () => {
  assert.equal(isSession("XNYS", "1997-01-20"), true); // Martin Luther King Jr. Day
  assert.equal(isSession("XNYS", "1998-01-19"), false);
  assert.equal(isSession("XNYS", "2020-06-19"), true); // Juneteenth
  assert.equal(isSession("XNYS", "2022-06-20"), false);
  assert.equal(isSession("XNYS", "2021-12-31"), true); // 2022-01-01 is a Saturday
  assert.equal(isSession("XNYS", "2022-01-03"), true);
});

Deno.test("every session opens before it closes and after the previous close", () => {
  let previous: Session | undefined;
  for (const session of sessionsBetween("XNYS", "1990-01-01", "2100-12-31")) {
    const { date, openAtMs, closeAtMs, halfDay } = session;
    assert(openAtMs < closeAtMs, date);
    assert(previous === undefined || (previous.date < date && previous.closeAtMs < openAtMs), date);
    assert.equal(halfDay, newYorkTime(closeAtMs) < "16:00", date);
    previous = session;
  }
});

Deno.test("every future year has 250 to 252 sessions", () => {
  for (let year = goldenLastYear + 1; year <= 2100; year++) {
    const count = sessionsOf(year).length;
    assert(count >= 250 && count <= 252, `${year}: ${count}`);
  }
});

const anyDate = fc.integer({ min: dayOf(1990, 1, 1), max: dayOf(2100, 12, 30) });
const anyCalendar = fc.constantFrom(...calendarNames);

Deno.test("sessionsBetween() of a span joins those of its parts", () => {
  const threeDays = fc.tuple(anyDate, anyDate, anyDate)
    .map((days) => days.toSorted((a, b) => a - b) as [number, number, number]);
  fc.assert(fc.property(anyCalendar, threeDays, (calendar, [from, middle, to]) => {
    const between = (begin: number, end: number): readonly Session[] =>
      sessionsBetween(calendar, formatDay(begin), formatDay(end));
    assert.deepEqual(
      [...between(from, middle), ...between(middle + 1, to)],
      between(from, to),
    );
  }));
});

Deno.test("isSession(), sessionOf() and sessionsBetween() agree on every date", () => {
  fc.assert(fc.property(anyCalendar, anyDate, (calendar, day) => {
    const date = formatDay(day);
    const [session, ...others] = sessionsBetween(calendar, date, date);
    assert.deepEqual(others, []);
    assert.deepEqual(sessionOf(calendar, date), session);
    assert.equal(isSession(calendar, date), session !== undefined);
    if (session !== undefined) assert.equal(session.date, date);
  }));
});

Deno.test("sessions cannot be modified", () => {
  const session = sessionOf("XNYS", "2024-07-03");
  assert.throws(() => Object.assign(session ?? {}, { halfDay: false }), TypeError);
  const sessions = sessionsBetween("XNYS", "2024-07-01", "2024-07-05");
  (sessions as Session[]).length = 0;
  assert.equal(sessionsBetween("XNYS", "2024-07-01", "2024-07-05").length, 4);
});

Deno.test("sessionsBetween() is empty when the dates are reversed", () => {
  assert.deepEqual(sessionsBetween("XNYS", "2024-07-05", "2024-07-01"), []);
});

Deno.test("an invalid date, or one outside the table, is refused", () => {
  const { firstDate, lastDate } = coverageOf("XNYS");
  assert(sessionsBetween("XNYS", firstDate, lastDate).length > 27_000);
  const refused: [CalendarName, string, RegExp][] = [
    ["XNYS", "1989-12-29", /"XNYS": 1989-12-29 is outside its table; .*1990-01-01 to 2100-12-31/],
    ["XNAS", "2101-01-03", /"XNAS": 2101-01-03 is outside/],
    ["XNYS", "2024-02-30", /"2024-02-30" is not a date; write it as YYYY-MM-DD/],
  ];
  for (const [calendar, date, message] of refused) {
    const isRefusal = (thrown: unknown): boolean =>
      thrown instanceof AppError && thrown.code === "invalid_input" && message.test(thrown.message);
    assert.throws(() => isSession(calendar, date), isRefusal);
    assert.throws(() => sessionsBetween(calendar, date, "2024-01-02"), isRefusal);
    assert.throws(() => sessionsBetween(calendar, "2024-01-02", date), isRefusal);
  }
});

Deno.test("isCalendarName() accepts only the names of calendars", () => {
  assert.deepEqual(calendarNames.filter(isCalendarName), calendarNames);
  for (const name of ["", "xnys", "NYSE", "toString", "__proto__"]) {
    assert.equal(isCalendarName(name), false, name);
  }
});
