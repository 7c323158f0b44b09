import assert from "node:assert/strict";
import fc from "fast-check";
import {
  dayOf,
  easterSunday,
  formatDay,
  parseDay,
  Sunday,
  weekdayOf,
} from "../../../core/calendar/days.ts";

/** 1600-01-01 to 2399-12-31: the Gregorian calendar repeats after 400 years. */
const anyDay = fc.integer({ min: dayOf(1600, 1, 1), max: dayOf(2399, 12, 31) });

Deno.test("a day survives formatting and parsing", () => {
  fc.assert(fc.property(anyDay, (day) => {
    assert.equal(parseDay(formatDay(day)), day);
  }));
});

Deno.test("weekdayOf() agrees with Temporal, before 1970 too", () => {
  fc.assert(fc.property(anyDay, (day) => {
    assert.equal(weekdayOf(day), Temporal.PlainDate.from(formatDay(day)).dayOfWeek);
  }));
});

Deno.test("parseDay() refuses texts that are not dates", () => {
  const noDates = [
    "",
    "2024-02-30",
    "2023-02-29",
    "2024-13-01",
    "2024-00-10",
    "2024-1-1",
    "24-01-01",
    "2024-01-01T00:00:00Z",
    " 2024-01-01",
    "2024-01-01\n",
    "yesterday",
  ];
  for (const text of noDates) assert.equal(parseDay(text), undefined, JSON.stringify(text));
  assert.equal(parseDay("2024-02-29"), dayOf(2024, 2, 29));
});

Deno.test("easterSunday() knows the earliest, the latest and the awkward Easters", () => {
  const known = ["1818-03-22", "1943-04-25", "1954-04-18", "1981-04-19", "2000-04-23"];
  known.push("2008-03-23", "2024-03-31", "2025-04-20", "2038-04-25", "2049-04-18", "2076-04-19");
  for (const date of known) {
    assert.equal(formatDay(easterSunday(Number(date.slice(0, 4)))), date);
  }
});

Deno.test("Easter is a Sunday from March 22 to April 25", () => {
  for (let year = 1600; year < 2400; year++) {
    const easter = easterSunday(year);
    assert.equal(weekdayOf(easter), Sunday);
    assert(easter >= dayOf(year, 3, 22) && easter <= dayOf(year, 4, 25), formatDay(easter));
  }
});
