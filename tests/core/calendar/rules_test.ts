import assert from "node:assert/strict";
import {
  type Day,
  dayOf,
  formatDay,
  Friday,
  Monday,
  Thursday,
} from "../../../core/calendar/days.ts";
import {
  after,
  date,
  easter,
  last,
  nearestWeekday,
  nth,
  sundayToMonday,
} from "../../../core/calendar/rules.ts";

Deno.test("a rule gives one day of every year", () => {
  const cases: [string, Day][] = [
    ["2024-12-25", date(12, 25)(2024)],
    ["2024-07-01", nth(1, Monday, 7)(2024)], // the month begins on the weekday
    ["2024-09-02", nth(1, Monday, 9)(2024)],
    ["2023-11-23", nth(4, Thursday, 11)(2023)], // five Thursdays in that month
    ["2024-05-27", last(Monday, 5)(2024)],
    ["2021-05-31", last(Monday, 5)(2021)], // the month ends on the weekday
    ["2027-12-31", last(Friday, 12)(2027)], // the month after is another year's
    ["2025-04-18", easter(-2)(2025)],
    ["2019-11-29", after(nth(4, Thursday, 11), 1)(2019)],
  ];
  for (const [expected, day] of cases) assert.equal(formatDay(day), expected);
});

Deno.test("an observance moves only weekends", () => {
  const saturday = dayOf(2026, 7, 4);
  const [friday, sunday, monday] = [saturday - 1, saturday + 1, saturday + 2];
  assert.equal(nearestWeekday(friday), friday);
  assert.equal(nearestWeekday(saturday), friday);
  assert.equal(nearestWeekday(sunday), monday);
  assert.equal(nearestWeekday(monday), monday);
  assert.equal(sundayToMonday(saturday), saturday);
  assert.equal(sundayToMonday(sunday), monday);
});
