/**
 * A schedule: a rule that gives due instants, and how to act on them. Plain, immutable data, as in
 * a workflow's file. Pure.
 */

import type { CalendarName } from "../calendar/calendar.ts";

/** Determines the due instants. */
export type Rule =
  /** At a fixed interval, counted from the schedule's start or from 1970-01-01T00:00Z. */
  | { readonly kind: "every"; readonly everyMs: number }
  /** At wall-clock times given by five cron fields; with a calendar, only on its trading days. */
  | {
    readonly kind: "cron";
    readonly cron: string;
    readonly timezone: string;
    readonly calendar?: CalendarName;
  }
  /** At an offset from the open or close of each session. */
  | {
    readonly kind: "session";
    readonly calendar: CalendarName;
    readonly edge: "open" | "close";
    /** Negative means before. */
    readonly offsetMs: number;
  }
  | { readonly kind: "once"; readonly atMs: number; readonly timezone: string };

/** What happens to a due instant while an earlier execution still runs. */
export type Overlap = "skip" | "queue";
/** Which missed instants are still fired. */
export type CatchUp = "none" | "latest" | "all";

/** When a workflow starts by itself. */
export interface Schedule {
  readonly rule: Rule;
  readonly enabled: boolean;
  /** Earlier instants are not due. */
  readonly startAtMs?: number;
  /** This and later instants are not due. */
  readonly endAtMs?: number;
  /** The most that a firing may be delayed; the delay is always the same for one instant. */
  readonly jitterMs: number;
  readonly overlap: Overlap;
  readonly catchUp: CatchUp;
  /** How many missed instants `all` fires at most, the latest ones; at least 1. */
  readonly catchUpMax: number;
  /** Executions with a higher priority are claimed first. */
  readonly priority: number;
  readonly inputs: Readonly<Record<string, unknown>>;
}

export const catchUpMaxDefault = 100;

/** The defaults of a schedule that states only its rule. */
export const scheduleDefaults = {
  enabled: true,
  jitterMs: 0,
  overlap: "skip",
  catchUp: "latest",
  catchUpMax: catchUpMaxDefault,
  priority: 0,
  inputs: {},
} as const satisfies Omit<Schedule, "rule">;

/** The time zone in which a rule's instants are shown. */
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
