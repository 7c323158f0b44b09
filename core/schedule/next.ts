/**
 * The due instants of schedules. Pure: a schedule always has the same instants, in whatever order
 * they are asked for; that is why an instant can identify a firing.
 *
 * Where the clocks of a time zone change:
 * - A cron rule without `*` in its minutes and hours means times of day. A time that the clocks
 *   skip is due at the instant they go forward, once however many are skipped. A repeated time is
 *   due only the first time.
 * - A cron rule with `*` or a step of it in its minutes or hours means a rhythm. A skipped time is
 *   not due; a repeated one is due both times.
 */

import { Cron } from "croner";
import {
  type CalendarName,
  coverageOf,
  isSession,
  sessionsBetween,
  timeZoneOf,
} from "../calendar/calendar.ts";
import type { Rule, Schedule } from "./rule.ts";

/** Days without a session after which a rule counts as never due. */
const closedDaysMax = 500;
const dayMs = 86_400_000;
const minuteMs = 60_000;

/** The due instants of one schedule. */
export interface Instants {
  /** The first due instant after `afterMs`; undefined when there are no more. */
  after(afterMs: number): number | undefined;
  /** A lower bound of the distance between two due instants. */
  readonly gapMsMin: number;
}

/**
 * Prepares a schedule's instants.
 * @throws {TypeError} for an invalid cron rule, with the problem.
 */
export function instantsOf({ rule, startAtMs, endAtMs }: Schedule): Instants {
  const next = nextOf(rule, startAtMs ?? 0);
  return {
    // Cron has a resolution of one minute, and the sessions of a day are hours apart.
    gapMsMin: rule.kind === "every" ? rule.everyMs : minuteMs,
    after: (afterMs) => {
      // The start itself may be due.
      const dueMs = next(Math.max(afterMs, (startAtMs ?? Number.NEGATIVE_INFINITY) - 1));
      return dueMs !== undefined && (endAtMs === undefined || dueMs < endAtMs) ? dueMs : undefined;
    },
  };
}

/** The latest of the due instants that have passed. */
export interface Passed {
  /** In ascending order. */
  readonly dueMs: readonly number[];
  /** Whether there are earlier ones. */
  readonly hasEarlier: boolean;
}

/**
 * The latest due instants in (`afterMs`, `untilMs`], at most `countMax`. The cost depends on
 * `countMax`, not on the length of the span, because it searches back in spans that double.
 */
export function passedBetween(
  instants: Instants,
  afterMs: number,
  untilMs: number,
  countMax: number,
): Passed {
  for (let spanMs = minuteMs;; spanMs *= 2) {
    const fromMs = Math.max(afterMs, untilMs - spanMs);
    const dueMs: number[] = [];
    let next = instants.after(fromMs);
    while (next !== undefined && next <= untilMs) {
      dueMs.push(next);
      next = instants.after(next);
    }
    if (dueMs.length > countMax) return { dueMs: dueMs.slice(-countMax), hasEarlier: true };
    if (fromMs === afterMs) return { dueMs, hasEarlier: false };
  }
}

/** The delay of a firing after its due instant; every scheduler computes the same. */
export function jitterOf(scheduleId: string, dueMs: number, jitterMs: number): number {
  if (jitterMs === 0) return 0;
  // FNV-1a, 32 bits: http://www.isthe.com/chongo/tech/comp/fnv/
  let hash = 0x811c9dc5;
  for (const letter of `${scheduleId}@${dueMs}`) {
    hash = Math.imul(hash ^ (letter.codePointAt(0) ?? 0), 0x01000193);
  }
  return (hash >>> 0) % (jitterMs + 1);
}

type Next = (afterMs: number) => number | undefined;

function nextOf(rule: Rule, originMs: number): Next {
  switch (rule.kind) {
    case "every":
      return (afterMs) =>
        originMs + (Math.floor((afterMs - originMs) / rule.everyMs) + 1) * rule.everyMs;
    case "once":
      return (afterMs) => rule.atMs > afterMs ? rule.atMs : undefined;
    case "session":
      return (afterMs) => nextOfSession(rule, afterMs);
    case "cron": {
      const next = nextOfCron(rule.cron, rule.timezone);
      const { calendar } = rule;
      return calendar === undefined ? next : (afterMs) => onSessions(next, calendar, afterMs);
    }
  }
}

/** Compiled patterns with their last answers, shared by schedules; each takes 10 KB. */
const patterns = new Map<string, Next>();
const patternsMax = 1_000;

/**
 * Cached, because compiling a pattern for a time zone takes as long as hundreds of its instants.
 */
function nextOfCron(cron: string, timezone: string): Next {
  const key = `${cron} ${timezone}`;
  const known = patterns.get(key);
  if (known) return known;
  const pattern = new Cron(cron, {
    mode: "5-part",
    timezone,
    paused: true,
    fixedTimeRule: "no-wildcard",
  });
  let askedMs = Number.NaN;
  let answer: number | undefined;
  const next: Next = (afterMs) => {
    if (afterMs === askedMs) return answer;
    answer = pattern.nextRun(new Date(afterMs))?.getTime();
    askedMs = afterMs;
    return answer;
  };
  const [oldest] = patterns.keys();
  if (patterns.size >= patternsMax && oldest !== undefined) patterns.delete(oldest);
  patterns.set(key, next);
  return next;
}

/** The first instant of `next` on a local day with a session. */
function onSessions(next: Next, calendar: CalendarName, afterMs: number): number | undefined {
  let fromMs = afterMs;
  for (let days = 0; days < closedDaysMax; days++) {
    const dueMs = next(fromMs);
    if (dueMs === undefined) return undefined;
    const day = Temporal.Instant.fromEpochMilliseconds(dueMs)
      .toZonedDateTimeISO(timeZoneOf(calendar));
    const date = day.toPlainDate().toString();
    if (!isCovered(calendar, date)) return undefined;
    if (isSession(calendar, date)) return dueMs;
    fromMs = day.startOfDay().add({ days: 1 }).epochMilliseconds - 1;
  }
  return undefined;
}

function nextOfSession(
  { calendar, edge, offsetMs }: Extract<Rule, { kind: "session" }>,
  afterMs: number,
): number | undefined {
  const { firstDate, lastDate } = coverageOf(calendar);
  // The longest time without a session is under two weeks, including a day for the time zone.
  const spanMs = 14 * dayMs;
  const from = dateOf(afterMs - offsetMs - dayMs);
  const to = dateOf(afterMs - offsetMs + spanMs);
  if (to < firstDate || from > lastDate) return undefined;
  const sessions = sessionsBetween(
    calendar,
    from < firstDate ? firstDate : from,
    to > lastDate ? lastDate : to,
  );
  for (const { openAtMs, closeAtMs } of sessions) {
    const dueMs = (edge === "open" ? openAtMs : closeAtMs) + offsetMs;
    if (dueMs > afterMs) return dueMs;
  }
  return undefined;
}

function isCovered(calendar: CalendarName, date: string): boolean {
  const { firstDate, lastDate } = coverageOf(calendar);
  return date >= firstDate && date <= lastDate;
}

function dateOf(atMs: number): string {
  return new Date(atMs).toISOString().slice(0, 10);
}
