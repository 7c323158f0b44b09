/**
 * What a schedule is: a rule that gives due instants, and how they are acted on. Plain, immutable
 * data, as a workflow's file gives it. Pure.
 */

import type { CalendarName } from "../calendar/calendar.ts";

/** Gives due instants, in ascending order. */
export type Rule =
  /** Every so often, counted from the schedule's start, or from 1970-01-01T00:00Z. */
  | { readonly kind: "every"; readonly everyMs: number }
  /** At the wall-clock times of five fields; with a calendar only on days of a session. */
  | {
    readonly kind: "cron";
    readonly cron: string;
    readonly timezone: string;
    readonly calendar?: CalendarName;
  }
  /** At an offset from the open or close of each session of an exchange. */
  | {
    readonly kind: "session";
    readonly calendar: CalendarName;
    readonly edge: "open" | "close";
    /** Negative: before it. */
    readonly offsetMs: number;
  }
  | { readonly kind: "once"; readonly atMs: number; readonly timezone: string };

/** What becomes of a due instant while the execution of an earlier one runs. */
export type Overlap = "skip" | "queue";
/** Which of the missed due instants are still fired. */
export type CatchUp = "none" | "latest" | "all";

/** When a workflow is started without anyone asking. */
export interface Schedule {
  readonly rule: Rule;
  readonly enabled: boolean;
  /** No instant before it is due. */
  readonly startAtMs?: number;
  /** No instant from it on is due. */
  readonly endAtMs?: number;
  /** A firing comes up to this long after its due instant, always the same for one instant. */
  readonly jitterMs: number;
  readonly overlap: Overlap;
  readonly catchUp: CatchUp;
  /** The most missed instants that `all` fires, the latest of them; at least 1. */
  readonly catchUpMax: number;
  /** Executions of a higher priority are claimed first. */
  readonly priority: number;
  readonly inputs: Readonly<Record<string, unknown>>;
}

export const catchUpMaxDefault = 100;

/** What holds for a schedule that states only its rule. */
export const scheduleDefaults = {
  enabled: true,
  jitterMs: 0,
  overlap: "skip",
  catchUp: "latest",
  catchUpMax: catchUpMaxDefault,
  priority: 0,
  inputs: {},
} as const satisfies Omit<Schedule, "rule">;

/** The time zone that a rule's instants are shown in. */
export function zoneOf(rule: Rule, zoneOfCalendar: (calendar: CalendarName) => string): string {
  switch (rule.kind) {
    case "every":
      return "UTC";
    case "session":
      return zoneOfCalendar(rule.calendar);
    default:
      return rule.timezone;
  }
}
