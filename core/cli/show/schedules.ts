/** Schedules for people: the list, one with its next firings, and the queue. */

import type { FiringView, QueueView, ScheduleExplanation, ScheduleView } from "../../http/api.ts";
import type { BackfillAnswer, SchedulesAnswer } from "../ask/client.ts";
import { type Look, tick, type Tone } from "./look.ts";
import { fieldLines } from "./fields.ts";
import { type Cell, table } from "./table.ts";
import { countText, secondsText } from "./units.ts";

/** One row per schedule. */
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

/** One schedule: its state, when and why it fires next, and its latest firings. */
export function showSchedule(schedule: ScheduleExplanation, look: Look): string {
  const [why, ...others] = new Set(schedule.next.map(({ why }) => why));
  const head = fieldLines([
    ["Schedule", schedule.schedule],
    ["Workflow", schedule.workflow],
    ["Rule", schedule.rule],
    ["State", stateCell(schedule)],
    ["Overlap", schedule.overlap],
    ["Catch up", schedule.catch_up],
    ["Jitter", schedule.jitter_seconds > 0 ? secondsText(schedule.jitter_seconds) : null],
    ["Priority", schedule.priority === 0 ? null : String(schedule.priority)],
    ["Why", others.length === 0 ? why ?? null : null],
  ], look);
  const next = schedule.next.length === 0
    ? ["It will not fire again."]
    : [nextTable(schedule, others.length > 0, look)];
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

/** With local times if they differ from UTC, and reasons if they differ between rows. */
function nextTable({ next, timezone }: ScheduleExplanation, hasWhy: boolean, look: Look): string {
  const isLocal = timezone !== "UTC";
  const titles = [
    "Next (UTC)",
    ...(isLocal ? [`Local (${timezone})`] : []),
    ...(hasWhy ? ["Why"] : []),
  ];
  const rows = next.map(({ due_at, local, why }) => [
    instantText(due_at),
    ...(isLocal ? [localText(local)] : []),
    ...(hasWhy ? [why] : []),
  ]);
  return table(titles, rows, look);
}

/** The outcome of pausing, resuming or triggering. */
export function showSteeredSchedule(
  { schedule, paused, enabled, next_at, firings: [latest] }: ScheduleExplanation,
  verb: "pause" | "resume" | "trigger",
  look: Look,
): string {
  const subject = `${tick(look)} Schedule '${schedule}'`;
  if (verb === "trigger") {
    const due = latest === undefined ? "" : `, due ${instantText(latest.due_at)} UTC`;
    return `${subject} is triggered${due}${paused ? "; it starts once it is resumed" : ""}`;
  }
  if (paused) return `${subject} is paused: it will not fire until it is resumed`;
  if (!enabled) return `${subject} is resumed, but its file has it disabled`;
  return `${subject} is on${next_at === null ? "" : `; it fires next ${instantText(next_at)} UTC`}`;
}

/** The outcome of a backfill. */
export function showBackfill({ schedule, instants, entered }: BackfillAnswer): string {
  const before = instants - entered;
  const known = before > 0 ? `; ${countText(before, "instant")} had fired before` : "";
  return `${countText(entered, "firing")} of ${schedule} queued, to run one after another${known}.`;
}

/** The executions that wait to start, and for how long. */
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

/** `2026-11-30 21:15`, with seconds if they are not zero. */
function instantText(iso: string | null): string {
  return iso === null ? "-" : iso.slice(0, 19).replace("T", " ").replace(/:00$/, "");
}

/** `Mon 2026-11-30 16:15 -05:00` for `2026-11-30T16:15:00-05:00[America/New_York]`. */
function localText(local: string): string {
  const [, date = local, time = "", offset = ""] =
    /^(\d{4}-\d\d-\d\d)T([\d:]+?)(?::00)?(?:\.\d+)?([+-]\d\d:\d\d)\[/.exec(local) ?? [];
  const weekday = new Date(`${date}T00:00Z`).getUTCDay();
  return `${weekdays[weekday] ?? ""} ${date} ${time} ${offset}`.trim();
}

const weekdays = ["Sun", "Mon", "Tue", "Wed", "Thu", "Fri", "Sat"];
