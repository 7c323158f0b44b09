import assert from "node:assert/strict";
import fc from "fast-check";
import { zoneClock } from "../../../core/calendar/zone_clock.ts";

const timeZones = [
  "America/New_York",
  "Europe/London",
  "Australia/Lord_Howe", // clocks move by half an hour
  "Asia/Kolkata",
  "Asia/Tokyo",
  "UTC",
];

Deno.test("zoneClock() reads ascending wall-clock times as Temporal does", () => {
  const minutes = fc.integer({
    min: Date.UTC(1990, 0, 1) / 60_000,
    max: Date.UTC(2040, 0, 1) / 60_000,
  });
  const ascending = fc.array(minutes, { minLength: 1, maxLength: 40 })
    .map((times) => times.toSorted((a, b) => a - b));
  fc.assert(fc.property(fc.constantFrom(...timeZones), ascending, (timeZone, times) => {
    const toUtcMs = zoneClock(timeZone);
    for (const time of times) assert.equal(toUtcMs(time * 60_000), byTemporal(timeZone, time));
  }));
});

Deno.test("zoneClock() agrees with Temporal in every minute of a clock change", () => {
  for (const timeZone of timeZones) {
    const toUtcMs = zoneClock(timeZone);
    for (const day of [Date.UTC(2024, 2, 10), Date.UTC(2024, 9, 27), Date.UTC(2024, 10, 3)]) {
      for (let minute = day / 60_000; minute < day / 60_000 + 24 * 60; minute++) {
        assert.equal(toUtcMs(minute * 60_000), byTemporal(timeZone, minute));
      }
    }
  }
});

/** `minute`: minutes of the wall clock since its 1970-01-01T00:00. */
function byTemporal(timeZone: string, minute: number): number {
  const wall = new Date(minute * 60_000).toISOString().slice(0, 16);
  return Temporal.PlainDateTime.from(wall).toZonedDateTime(timeZone).epochMilliseconds;
}
