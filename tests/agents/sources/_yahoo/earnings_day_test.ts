/** Earnings are dated by the day of their exchange, and stay when the day has come. */

import assert from "node:assert/strict";
import { readEvents } from "../../../../agents/sources/_yahoo/events.ts";

function daysOf(instant: string, timezone: string, nowMs: number) {
  const summary = { calendarEvents: { earnings: { earningsDate: [Date.parse(instant) / 1_000] } } };
  return readEvents(summary, { symbol: "CBA.AX", nowMs, timezone })
    .map(({ kind, date, estimated }) => ({ kind, date, estimated }));
}

const beforeMs = Date.parse("2026-01-10T00:00:00Z");

Deno.test("an announcement is dated by the exchange's day, not by that of UTC", () => {
  // 08:30 in Sydney is the evening before in UTC, 19:30 in New York the morning after
  const sydney = daysOf("2026-02-16T21:30:00Z", "Australia/Sydney", beforeMs);
  assert.deepEqual(sydney, [{ kind: "earnings", date: "2026-02-17", estimated: false }]);
  const newYork = daysOf("2026-01-21T00:30:00Z", "America/New_York", beforeMs);
  assert.deepEqual(newYork, [{ kind: "earnings", date: "2026-01-20", estimated: false }]);
});

Deno.test("an announcement of yesterday is still there", () => {
  const nowMs = Date.parse("2026-01-21T14:00:00Z");
  const past = daysOf("2026-01-20T13:30:00Z", "America/New_York", nowMs);
  assert.deepEqual(past, [{ kind: "earnings", date: "2026-01-20", estimated: false }]);
});
