/** What a period reaches back to, and how bars become longer ones. */

import assert from "node:assert/strict";
import fc from "fast-check";
import { Bar, Interval, Period } from "100ac";
import { groupBars } from "../../../../agents/_lib/source/bars.ts";
import { groupDate, isGrouped, reachOf } from "../../../../agents/_lib/source/period.ts";
import { failsWith } from "../../sources/call_source.ts";

const day = (date: string): Temporal.PlainDate => Temporal.PlainDate.from(date);

function sinceOf(period: Period, interval: Interval, today: string): string {
  const reach = reachOf("AAPL", period, interval, day(today));
  return reach.kind === "since" ? reach.date.toString() : `${reach.count} sessions`;
}

Deno.test("reachOf() goes back by the calendar, or counts sessions", () => {
  const today = "2026-03-31";
  assert.equal(sinceOf("1d", "1m", today), "1 sessions");
  assert.equal(sinceOf("5d", "1d", today), "5 sessions");
  assert.equal(sinceOf("1mo", "1d", today), "2026-02-28");
  assert.equal(sinceOf("1y", "1d", "2024-02-29"), "2023-02-28");
  assert.equal(sinceOf("ytd", "1d", today), "2026-01-01");
  assert.equal(sinceOf("max", "1d", today), "1900-01-01");
});

Deno.test("reachOf() begins on the first day of the week or month its bars stand for", () => {
  // 31 March 2026 is a Tuesday, 28 February a Saturday
  assert.equal(sinceOf("1mo", "1wk", "2026-03-31"), "2026-02-23");
  assert.equal(sinceOf("1mo", "1mo", "2026-03-31"), "2026-02-01");
  assert.equal(sinceOf("1d", "1wk", "2026-03-31"), "2026-03-30");
});

Deno.test("reachOf() never goes further back than bars of the interval are kept", () => {
  assert.equal(sinceOf("2y", "1h", "2026-03-31"), "2024-04-01");
  assert.throws(() => sinceOf("1mo", "1m", "2026-03-31"), failsWith("bad_request"));
  assert.throws(() => sinceOf("ytd", "5m", "2026-03-31"), failsWith("bad_request"));
});

Deno.test("reachOf() answers or refuses with bad_request for every period and interval", () => {
  for (const period of Period.options) {
    for (const interval of Interval.options) {
      try {
        reachOf("AAPL", period, interval, day("2026-03-31"));
      } catch (thrown) {
        assert.ok(failsWith("bad_request")(thrown));
        assert.notEqual(interval, "1d");
        assert.equal(isGrouped(interval), false);
      }
    }
  }
});

const bars = fc.uniqueArray(fc.integer({ min: 0, max: 400 }), { minLength: 1 }).map((days) =>
  days.sort((a, b) => a - b).map((offset): Bar => {
    const date = day("2024-12-01").add({ days: offset }).toString();
    return {
      start: `${date}T14:30:00.000Z`,
      date,
      open: offset + 1,
      high: offset + 3,
      low: offset + 0.5,
      close: offset + 2,
      adjusted_close: null,
      volume: offset % 3 === 0 ? null : offset,
    };
  })
);

Deno.test("groupBars() loses no volume and no extreme, and names each group once", () => {
  fc.assert(fc.property(bars, fc.constantFrom("1wk", "1mo"), (daily, interval) => {
    const groups = groupBars(daily, interval, "America/New_York");
    const dates = groups.map(({ date }) => date);
    const expected = daily.map(({ date }) => groupDate(day(date), interval).toString());
    assert.deepEqual(dates, [...new Set(expected)]);
    const sum = (list: readonly Bar[]): number =>
      list.reduce((total, { volume }) => total + (volume ?? 0), 0);
    assert.equal(sum(groups), sum(daily));
    assert.equal(groups[0]?.open, daily[0]?.open);
    assert.equal(groups.at(-1)?.close, daily.at(-1)?.close);
    assert.equal(
      Math.max(...groups.map(({ high }) => high)),
      Math.max(...daily.map(({ high }) => high)),
    );
  }));
});
