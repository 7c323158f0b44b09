/** Schedules for people: the list, one with its next firings, and the queue. */

import type { FiringView, QueueView, ScheduleExplanation, ScheduleView } from "../http/api.ts";
import type { BackfillAnswer, SchedulesAnswer } from "./client.ts";
import type { Look, Tone } from "./look.ts";
import { fieldLines } from "./show_fields.ts";
import { type Cell, table } from "./table.ts";
import { countText, secondsText } from "./units.ts";

/** A row for each schedule. */
export function showSchedules({ schedules }: SchedulesAnswer, look: Look): string {
  if (schedules.length === 0) {
    return 'No workflow has a schedule; write "schedule: { every: 5m }" into one.';
  }
  const rows = schedules.map((schedule) => [
    schedule.schedule,
    schedule.rule,
    stateCell(schedule),
    instantText(schedule.next_at),
  ]);
  return table(["Schedule", "Rule", "State", "Next (UTC)"], rows, look);
}

/** One schedule: how it is, when and why it comes next, and what became of it of late. */
export function showSchedule(schedule: ScheduleExplanation, look: Look): string {
  const head = fieldLines([
    ["Schedule", schedule.schedule],
    ["Workflow", schedule.workflow],
    ["Rule", schedule.rule],
    ["State", stateCell(schedule)],
    ["Overlap", schedule.overlap],
    ["Catch up", schedule.catch_up],
    ["Jitter", schedule.jitter_seconds > 0 ? secondsText(schedule.jitter_seconds) : null],
    ["Priority", schedule.priority === 0 ? null : String(schedule.priority)],
  ], look);
  const next = schedule.next.length === 0 ? ["It comes due no more."] : [table(
    ["Next (UTC)", "Local", "Why"],
    schedule.next.map(({ due_at, local, why }) => [instantText(due_at), local, why]),
    look,
  )];
  const firings = schedule.firings.length === 0 ? [] : [table(
    ["Due (UTC)", "Status", "Cause", "Execution or reason"],
    schedule.firings.map(({ due_at, status, cause, execution_id, reason }) => [
      instantText(due_at),
      { text: status, tone: tones[status] },
      cause,
      reason ?? execution_id ?? "-",
    ]),
    look,
  )];
  return [...head, "", ...next, ...firings].join("\n");
}

/** What a backfill has entered. */
export function showBackfill({ schedule, instants, entered }: BackfillAnswer): string {
  const before = instants - entered;
  const known = before > 0 ? `; ${countText(before, "instant")} had fired before` : "";
  return `${countText(entered, "firing")} of ${schedule} entered, one after the other${known}.`;
}

/** What waits to be started, and for how long. */
export function showQueue(queue: QueueView, look: Look): string {
  if (queue.waiting === 0) return "Nothing waits.";
  const rows = queue.lanes.map(({ workflow, priority, waiting, oldest_wait_seconds }) => [
    workflow,
    String(priority),
    String(waiting),
    secondsText(oldest_wait_seconds),
  ]);
  return table(["Workflow", "Priority", "Waiting", "Oldest waits"], rows, look);
}

const tones = { fired: "green", skipped: "yellow", due: "cyan" } as const satisfies Readonly<
  Record<FiringView["status"], Tone>
>;

function stateCell({ enabled, paused }: ScheduleView): Cell {
  if (!enabled) return { text: "disabled", tone: "dim" };
  return paused ? { text: "paused", tone: "yellow" } : { text: "on", tone: "green" };
}

function instantText(iso: string | null): string {
  return iso === null ? "-" : iso.slice(0, 19).replace("T", " ");
}
