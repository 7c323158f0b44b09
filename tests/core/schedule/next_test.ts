/** Due instants: rules in time zones, at exchanges, and across clock changes. */

import assert from "node:assert/strict";
import fc from "fast-check";
import { sessionsBetween } from "../../../core/calendar/calendar.ts";
import { instantsOf, jitterOf, passedBetween } from "../../../core/schedule/next.ts";
import { type Rule, type Schedule, scheduleDefaults } from "../../../core/schedule/rule.ts";

const minuteMs = 60_000;
const hourMs = 60 * minuteMs;

function scheduleOf(rule: Rule, options: Partial<Schedule> = {}): Schedule {
  return { ...scheduleDefaults, rule, ...options };
}

function cronOf(cron: string, timezone: string): Schedule {
  return scheduleOf({ kind: "cron", cron, timezone });
}

/** All due instants in (`from`, `until`], as ISO text or as milliseconds. */
function dueMsBetween(schedule: Schedule, fromMs: number, untilMs: number): number[] {
  const instants = instantsOf(schedule);
  const found: number[] = [];
  let next = instants.after(fromMs);
  while (next !== undefined && next <= untilMs) {
    found.push(next);
    next = instants.after(next);
  }
  return found;
}

function dueBetween(schedule: Schedule, from: string, until: string): string[] {
  return dueMsBetween(schedule, Date.parse(from), Date.parse(until))
    .map((dueMs) => new Date(dueMs).toISOString().slice(0, 16));
}

/** Zones of every kind: whole hours, half an hour, either hemisphere, at midnight, and none. */
const zones = [
  "America/New_York",
  "Europe/London",
  "Australia/Lord_Howe",
  "Europe/Berlin",
  "America/Sao_Paulo",
  "America/Santiago",
  "Asia/Tehran",
  "Africa/Cairo",
  "Africa/Casablanca",
  "Pacific/Auckland",
  "Pacific/Apia",
  "America/St_Johns",
  "Asia/Kolkata",
  "UTC",
];

interface Change {
  readonly atMs: number;
  /** How much wall-clock time jumps forward; negative: back. */
  readonly byMs: number;
  readonly offsetBeforeMs: number;
}

function changesOf(zone: string): Change[] {
  const changes: Change[] = [];
  let at = Temporal.Instant.from("2015-01-01T00:00Z").toZonedDateTimeISO(zone);
  for (;;) {
    const next = at.getTimeZoneTransition("next");
    if (next === null || next.year > 2035) return changes;
    const before = next.subtract({ nanoseconds: 1 });
    changes.push({
      atMs: next.epochMilliseconds,
      byMs: (next.offsetNanoseconds - before.offsetNanoseconds) / 1e6,
      offsetBeforeMs: before.offsetNanoseconds / 1e6,
    });
    at = next;
  }
}

/** `minute hour` of a wall-clock time, given as the UTC milliseconds with the same reading. */
function fieldsOf(wallMs: number): string {
  const wall = new Date(wallMs);
  return `${wall.getUTCMinutes()} ${wall.getUTCHours()} * * *`;
}

Deno.test("a time of day that the clocks skip is due at the instant they go forward", () => {
  let tried = 0;
  for (const zone of zones) {
    for (const { atMs, byMs, offsetBeforeMs } of changesOf(zone)) {
      // a whole day left out (last in Apia in 2011) is not a time of day
      if (byMs <= 0 || byMs > 3 * hourMs) continue;
      for (const share of [0, 1 / 6, 1 / 2, 5 / 6]) {
        const wallMs = atMs + offsetBeforeMs + Math.floor(byMs * share / minuteMs) * minuteMs;
        const due = dueMsBetween(cronOf(fieldsOf(wallMs), zone), atMs - 6 * hourMs, atMs + hourMs);
        assert.deepEqual(due, [atMs], `${zone} ${new Date(atMs).toISOString()} ${share}`);
        tried++;
      }
    }
  }
  assert.ok(tried > 500, `${tried} skipped times were tried`);
});

Deno.test("a time of day that the clocks repeat is due only the first time", () => {
  let tried = 0;
  for (const zone of zones) {
    for (const { atMs, byMs, offsetBeforeMs } of changesOf(zone)) {
      if (byMs >= 0) continue;
      for (const share of [0, 1 / 6, 1 / 2, 5 / 6]) {
        const firstMs = atMs + Math.floor(byMs * (1 - share) / minuteMs) * minuteMs;
        const fields = fieldsOf(firstMs + offsetBeforeMs);
        const due = dueMsBetween(cronOf(fields, zone), atMs - 6 * hourMs, atMs + 6 * hourMs);
        assert.deepEqual(due, [firstMs], `${zone} ${new Date(atMs).toISOString()} ${fields}`);
        tried++;
      }
    }
  }
  assert.ok(tried > 500, `${tried} repeated times were tried`);
});

Deno.test("a rhythm continues through every clock change", () => {
  for (const zone of zones) {
    for (const { atMs, byMs } of changesOf(zone)) {
      if (Math.abs(byMs) % (30 * minuteMs) !== 0) continue;
      const due = dueMsBetween(cronOf("*/10 * * * *", zone), atMs - hourMs, atMs + hourMs);
      const expected = Array.from(
        { length: 12 },
        (_, i) => atMs - hourMs + (i + 1) * 10 * minuteMs,
      );
      assert.deepEqual(due, expected, `${zone} ${new Date(atMs).toISOString()}`);
    }
  }
});

Deno.test("times of day away from clock changes match the wall clock", () => {
  fc.assert(
    fc.property(
      fc.constantFrom(...zones),
      fc.integer({ min: Date.UTC(2015, 0), max: Date.UTC(2035, 11) }),
      fc.nat(23),
      fc.nat(59),
      (zone, fromMs, hour, minute) => {
        const due = instantsOf(cronOf(`${minute} ${hour} * * *`, zone)).after(fromMs);
        assert.ok(due !== undefined && due > fromMs);
        const from = Temporal.Instant.fromEpochMilliseconds(fromMs).toZonedDateTimeISO(zone);
        const expected = [0, 1, 2].map((days) => {
          const wanted = from.toPlainDate().add({ days }).toPlainDateTime({ hour, minute });
          const zoned = wanted.toZonedDateTime(zone, { disambiguation: "earlier" });
          const isSkipped = !zoned.toPlainDateTime().equals(wanted);
          const at = isSkipped ? zoned.getTimeZoneTransition("next") ?? zoned : zoned;
          return at.epochMilliseconds;
        }).find((atMs) => atMs > fromMs);
        assert.equal(due, expected);
      },
    ),
    { numRuns: 300 },
  );
});

Deno.test("intervals are counted from the start, or from 1970", () => {
  const every = scheduleOf({ kind: "every", everyMs: 40 * minuteMs });
  assert.deepEqual(dueBetween(every, "2026-01-01T00:00Z", "2026-01-01T02:00Z"), [
    "2026-01-01T00:40",
    "2026-01-01T01:20",
    "2026-01-01T02:00",
  ]);
  const from = { ...every, startAtMs: Date.parse("2026-01-01T00:07Z") };
  const until = { ...from, endAtMs: Date.parse("2026-01-01T01:27Z") };
  assert.deepEqual(dueBetween(until, "2025-01-01T00:00Z", "2026-02-01T00:00Z"), [
    "2026-01-01T00:07",
    "2026-01-01T00:47",
  ]);
});

Deno.test("a session rule follows half-days, holidays and the exchange's clock", () => {
  const rule = {
    kind: "session",
    calendar: "XNYS",
    edge: "close",
    offsetMs: 15 * minuteMs,
  } as const;
  assert.deepEqual(dueBetween(scheduleOf(rule), "2024-11-26T22:00Z", "2024-12-03T00:00Z"), [
    "2024-11-27T21:15",
    "2024-11-29T18:15", // the day after Thanksgiving closes at 13:00
    "2024-12-02T21:15",
  ]);
  for (const edge of ["open", "close"] as const) {
    for (const offsetMs of [-90 * minuteMs, 0, 20 * hourMs]) {
      const schedule = scheduleOf({ kind: "session", calendar: "XNYS", edge, offsetMs });
      const sessions = sessionsBetween("XNYS", "2019-01-01", "2021-12-31");
      const expected = sessions.map(({ openAtMs, closeAtMs }) =>
        (edge === "open" ? openAtMs : closeAtMs) + offsetMs
      );
      const [first = 0] = expected;
      assert.deepEqual(dueMsBetween(schedule, first - 1, expected.at(-1) ?? 0), expected);
    }
  }
});

Deno.test("a cron rule with a calendar is due only on trading days", () => {
  const rule = {
    kind: "cron",
    cron: "0 17 * * *",
    timezone: "America/New_York",
    calendar: "XNYS",
  } as const;
  assert.deepEqual(dueBetween(scheduleOf(rule), "2026-07-01T22:00Z", "2026-07-07T00:00Z"), [
    "2026-07-02T21:00", // the third is the holiday, followed by a weekend
    "2026-07-06T21:00",
  ]);
  const sundays = scheduleOf({ ...rule, cron: "0 9 * * SUN" });
  assert.equal(instantsOf(sundays).after(Date.UTC(2026, 0)), undefined);
  const always = scheduleOf({ kind: "session", calendar: "24/7", edge: "open", offsetMs: 0 });
  assert.deepEqual(dueBetween(always, "2026-07-03T00:00Z", "2026-07-05T00:00Z"), [
    "2026-07-04T00:00",
    "2026-07-05T00:00",
  ]);
});

Deno.test("a rule is never due past its calendar's table", () => {
  const session = scheduleOf({ kind: "session", calendar: "XNYS", edge: "open", offsetMs: 0 });
  assert.equal(instantsOf(session).after(Date.UTC(2101, 0)), undefined);
  const cron = scheduleOf({
    kind: "cron",
    cron: "0 12 * * *",
    timezone: "UTC",
    calendar: "XNYS",
  });
  assert.equal(instantsOf(cron).after(Date.UTC(2101, 0)), undefined);
});

Deno.test("a once rule is due exactly once", () => {
  const once = scheduleOf({ kind: "once", atMs: 1_000, timezone: "UTC" });
  assert.equal(instantsOf(once).after(999), 1_000);
  assert.equal(instantsOf(once).after(1_000), undefined);
});

const anyRule: fc.Arbitrary<Rule> = fc.oneof(
  fc.record({ kind: fc.constant("every" as const), everyMs: fc.integer({ min: 1e3, max: 1e9 }) }),
  fc.record({
    kind: fc.constant("cron" as const),
    cron: fc.constantFrom("*/7 * * * *", "30 2 * * *", "0 9-16 * * MON-FRI", "15 1,2 L * *"),
    timezone: fc.constantFrom(...zones),
  }),
  fc.record({
    kind: fc.constant("session" as const),
    calendar: fc.constantFrom("XNYS" as const, "24/7" as const),
    edge: fc.constantFrom("open" as const, "close" as const),
    offsetMs: fc.integer({ min: -hourMs, max: hourMs }),
  }),
);

Deno.test("passedBetween() gives the same latest instants as stepping through all", () => {
  fc.assert(
    fc.property(
      anyRule,
      fc.integer({ min: Date.UTC(2020, 0), max: Date.UTC(2030, 0) }),
      fc.integer({ min: 0, max: 40 * hourMs }),
      fc.integer({ min: 1, max: 20 }),
      (rule, fromMs, spanMs, countMax) => {
        fc.pre(rule.kind !== "every" || spanMs / rule.everyMs < 2_000);
        const schedule = scheduleOf(rule);
        const all = dueMsBetween(schedule, fromMs, fromMs + spanMs);
        assert.deepEqual(passedBetween(instantsOf(schedule), fromMs, fromMs + spanMs, countMax), {
          dueMs: all.slice(-countMax),
          hasEarlier: all.length > countMax,
        });
      },
    ),
    { numRuns: 200 },
  );
});

Deno.test("passedBetween() over a year of seconds takes few steps", () => {
  const seconds = instantsOf(scheduleOf({ kind: "every", everyMs: 1_000 }));
  let steps = 0;
  const counted = { gapMsMin: 1_000, after: (ms: number) => (steps++, seconds.after(ms)) };
  const passed = passedBetween(counted, 0, 365 * 24 * hourMs, 100);
  assert.equal(passed.dueMs.length, 100);
  assert.ok(steps < 1_000, `${steps} steps`);
});

Deno.test("jitterOf() is fixed per instant, within its bound, and spread", () => {
  const found = Array.from({ length: 1_000 }, (_, i) => jitterOf("w", i * minuteMs, 30_000));
  assert.deepEqual(found, found.map((_, i) => jitterOf("w", i * minuteMs, 30_000)));
  assert.ok(found.every((ms) => ms >= 0 && ms <= 30_000));
  assert.ok(new Set(found.map((ms) => Math.floor(ms / 3_000))).size >= 10);
  assert.equal(jitterOf("w", 1, 0), 0);
});
