/** Schedules and the queue as an eighty-column terminal shows them. */

import assert from "node:assert/strict";
import {
  showBackfill,
  showQueue,
  showSchedule,
  showSchedules,
  showSteeredSchedule,
} from "../../../../core/cli/show/schedules.ts";
import type { ScheduleExplanation } from "../../../../core/http/api.ts";
import { plainLook } from "../plain_look.ts";

const look = plainLook({ columns: 80 });

function assertText(actual: string, lines: readonly string[]): void {
  assert.deepEqual(actual.split("\n"), lines);
  assert.ok(lines.every((line) => line.length <= 80), "no line is wider than the terminal");
}

function aSchedule(values: Partial<ScheduleExplanation> = {}): ScheduleExplanation {
  return {
    schedule: "after_hours",
    workflow: "after_hours",
    rule: "XNYS.close + 15m",
    timezone: "America/New_York",
    enabled: true,
    paused: false,
    overlap: "skip",
    catch_up: "none",
    jitter_seconds: 30,
    priority: 5,
    next_at: "2026-11-27T18:15:00.000Z",
    next: [{
      due_at: "2026-11-27T18:15:00.000Z",
      local: "2026-11-27T13:15:00-05:00[America/New_York]",
      why: "XNYS closes at 13:00, a half-day",
    }, {
      due_at: "2026-11-30T21:15:00.000Z",
      local: "2026-11-30T16:15:00-05:00[America/New_York]",
      why: "XNYS closes at 16:00",
    }],
    firings: [],
    ...values,
  };
}

const everySeconds = aSchedule({
  schedule: "ticks",
  rule: "every 5s",
  timezone: "UTC",
  overlap: "queue",
  catch_up: "latest",
  jitter_seconds: 0,
  priority: 0,
  next_at: "2026-11-27T18:15:05.000Z",
  next: [{
    due_at: "2026-11-27T18:15:05.000Z",
    local: "2026-11-27T18:15:05+00:00[UTC]",
    why: "one interval after the previous instant",
  }],
  firings: [{
    due_at: "2026-11-27T18:15:00.000Z",
    status: "fired",
    cause: "rule",
    execution_id: "01a21efa-9b74-71dd-afb4-7a6759cc433b",
    reason: null,
    fired_at: "2026-11-27T18:15:00.004Z",
  }, {
    due_at: "2026-11-27T18:14:55.000Z",
    status: "skipped",
    cause: "backfill",
    execution_id: null,
    reason: "overlap",
    fired_at: null,
  }],
});

Deno.test("showSchedules() lists schedules with their rule, state and next instant", () => {
  const paused = aSchedule({ schedule: "after_hours.2", paused: true, next_at: null });
  const once = aSchedule({
    schedule: "after_hours.3",
    rule: "once 2026-12-01T09:30[America/New_York]",
    enabled: false,
    next_at: null,
  });
  assertText(showSchedules({ schedules: [everySeconds, aSchedule(), paused, once] }, look), [
    "┏━━━━━━━━━━━━━━━┳━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━┳━━━━━━━━━━┳━━━━━━━━━━━━━━┓",
    "┃ Schedule      ┃ Rule                               ┃ State    ┃ Next (UTC)   ┃",
    "┡━━━━━━━━━━━━━━━╇━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━╇━━━━━━━━━━╇━━━━━━━━━━━━━━┩",
    "│ ticks         │ every 5s                           │ on       │ 2026-11-27   │",
    "│               │                                    │          │ 18:15:05     │",
    "│ after_hours   │ XNYS.close + 15m                   │ on       │ 2026-11-27   │",
    "│               │                                    │          │ 18:15        │",
    "│ after_hours.2 │ XNYS.close + 15m                   │ paused   │ -            │",
    "│ after_hours.3 │ once                               │ disabled │ -            │",
    "│               │ 2026-12-01T09:30[America/New_York] │          │              │",
    "└───────────────┴────────────────────────────────────┴──────────┴──────────────┘",
  ]);
});

Deno.test("showSchedule() tells local times, and why, where the instants differ in it", () => {
  assertText(showSchedule(aSchedule(), look), [
    "  Schedule  after_hours",
    "  Workflow  after_hours",
    "  Rule      XNYS.close + 15m",
    "  State     on",
    "  Overlap   skip",
    "  Catch up  none",
    "  Jitter    30.0s",
    "  Priority  5",
    "",
    "┏━━━━━━━━━━━━━━━━━━┳━━━━━━━━━━━━━━━━━━━━━━━━━━━━━┳━━━━━━━━━━━━━━━━━━━━━━━━━━━━━┓",
    "┃ Next (UTC)       ┃ Local (America/New_York)    ┃ Why                         ┃",
    "┡━━━━━━━━━━━━━━━━━━╇━━━━━━━━━━━━━━━━━━━━━━━━━━━━━╇━━━━━━━━━━━━━━━━━━━━━━━━━━━━━┩",
    "│ 2026-11-27 18:15 │ Fri 2026-11-27 13:15 -05:00 │ XNYS closes at 13:00, a     │",
    "│                  │                             │ half-day                    │",
    "│ 2026-11-30 21:15 │ Mon 2026-11-30 16:15 -05:00 │ XNYS closes at 16:00        │",
    "└──────────────────┴─────────────────────────────┴─────────────────────────────┘",
  ]);
});

Deno.test("showSchedule() tells once what is the same for all, and what became of the last", () => {
  assertText(showSchedule(everySeconds, look), [
    "  Schedule  ticks",
    "  Workflow  after_hours",
    "  Rule      every 5s",
    "  State     on",
    "  Overlap   queue",
    "  Catch up  latest",
    "  Why       one interval after the previous instant",
    "",
    "┏━━━━━━━━━━━━━━━━━━━━━┓",
    "┃ Next (UTC)          ┃",
    "┡━━━━━━━━━━━━━━━━━━━━━┩",
    "│ 2026-11-27 18:15:05 │",
    "└─────────────────────┘",
    "┏━━━━━━━━━━━━━━━━━━┳━━━━━━━━━┳━━━━━━━━━━┳━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━┓",
    "┃ Due (UTC)        ┃ Status  ┃ Cause    ┃ Execution or reason                  ┃",
    "┡━━━━━━━━━━━━━━━━━━╇━━━━━━━━━╇━━━━━━━━━━╇━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━┩",
    "│ 2026-11-27 18:15 │ fired   │ rule     │ 01a21efa-9b74-71dd-afb4-7a6759cc433b │",
    "│ 2026-11-27       │ skipped │ backfill │ overlap                              │",
    "│ 18:14:55         │         │          │                                      │",
    "└──────────────────┴─────────┴──────────┴──────────────────────────────────────┘",
  ]);
});

Deno.test("showSteeredSchedule() says what has come of it", () => {
  const { firings } = everySeconds;
  const texts = [
    showSteeredSchedule(aSchedule({ paused: true, next_at: null }), "pause", look),
    showSteeredSchedule(aSchedule(), "resume", look),
    showSteeredSchedule(aSchedule({ enabled: false, next_at: null }), "resume", look),
    showSteeredSchedule(aSchedule({ firings }), "trigger", look),
    showSteeredSchedule(aSchedule({ firings, paused: true }), "trigger", look),
  ];
  assert.deepEqual(texts, [
    "✓ Schedule 'after_hours' is paused: it will not fire until it is resumed",
    "✓ Schedule 'after_hours' is on; it fires next 2026-11-27 18:15 UTC",
    "✓ Schedule 'after_hours' is resumed, but its file has it disabled",
    "✓ Schedule 'after_hours' is triggered, due 2026-11-27 18:15 UTC",
    "✓ Schedule 'after_hours' is triggered, due 2026-11-27 18:15 UTC; it starts once it is resumed",
  ]);
});

Deno.test("showBackfill() counts what was entered, and what had fired before", () => {
  const answer = { schedule: "after_hours", instants: 3, entered: 3 };
  assert.deepEqual([showBackfill(answer), showBackfill({ ...answer, entered: 1 })], [
    "3 firings of after_hours queued, to run one after another.",
    "1 firing of after_hours queued, to run one after another; 2 instants had fired before.",
  ]);
});

Deno.test("showQueue() tells how many of which workflow wait, and for how long", () => {
  assert.equal(
    showQueue({ waiting: 0, oldest_wait_seconds: null, lanes: [] }, look),
    "Nothing waits.",
  );
  const lanes = [
    { workflow: "urgent", priority: 5, waiting: 1, oldest_wait_seconds: 0.25 },
    { workflow: "daily_market_snapshot", priority: 0, waiting: 1_200, oldest_wait_seconds: 4_000 },
  ];
  assertText(showQueue({ waiting: 1_201, oldest_wait_seconds: 4_000, lanes }, look), [
    "┏━━━━━━━━━━━━━━━━━━━━━━━┳━━━━━━━━━━┳━━━━━━━━━┳━━━━━━━━━━━━━━┓",
    "┃ Workflow              ┃ Priority ┃ Waiting ┃ Oldest waits ┃",
    "┡━━━━━━━━━━━━━━━━━━━━━━━╇━━━━━━━━━━╇━━━━━━━━━╇━━━━━━━━━━━━━━┩",
    "│ urgent                │ 5        │ 1       │ 250ms        │",
    "│ daily_market_snapshot │ 0        │ 1200    │ 1h 6m        │",
    "└───────────────────────┴──────────┴─────────┴──────────────┘",
  ]);
});
