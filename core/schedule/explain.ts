/** Explains in words why an instant is due. Pure. */

import { sessionOf, timeZoneOf } from "../calendar/calendar.ts";
import type { Instants } from "./next.ts";
import { type Rule, type Schedule, zoneOf } from "./rule.ts";

/** A due instant, for people to read. */
export interface Explained {
  readonly dueAtMs: number;
  /** Local time with its offset and zone: `2026-11-27T13:15:00-05:00[America/New_York]`. */
  readonly local: string;
  readonly why: string;
}

/** The next instants after `afterMs`, at most `count`. */
export function explainNext(
  { rule }: Schedule,
  instants: Instants,
  afterMs: number,
  count: number,
): Explained[] {
  const zone = zoneOf(rule, timeZoneOf);
  const explained: Explained[] = [];
  let dueAtMs = instants.after(afterMs);
  while (dueAtMs !== undefined && explained.length < count) {
    const local = zonedAt(dueAtMs, zone);
    explained.push({ dueAtMs, local: local.toString(), why: whyOf(rule, local) });
    dueAtMs = instants.after(dueAtMs);
  }
  return explained;
}

function whyOf(rule: Rule, local: Temporal.ZonedDateTime): string {
  switch (rule.kind) {
    case "every":
      return "one interval after the previous instant";
    case "once":
      return "its only instant";
    case "session": {
      const edgeAt = local.subtract({ milliseconds: rule.offsetMs });
      const date = edgeAt.toPlainDate();
      const session = sessionOf(rule.calendar, date.toString());
      const isHalf = session?.halfDay === true && rule.edge === "close";
      const time = edgeAt.toPlainTime().toString({ smallestUnit: "minute" });
      const day = date.equals(local.toPlainDate()) ? "" : ` on ${date}`;
      return `${rule.calendar} ${rule.edge}s at ${time}${day}${isHalf ? ", a half-day" : ""}`;
    }
    case "cron": {
      const why = isClockChange(local)
        ? "the clocks go forward past a time of the rule, or to it"
        : "the clock shows a time of the rule";
      return rule.calendar === undefined ? why : `${why}, on a trading day of ${rule.calendar}`;
    }
  }
}

function isClockChange(local: Temporal.ZonedDateTime): boolean {
  return local.offsetNanoseconds > local.subtract({ nanoseconds: 1 }).offsetNanoseconds;
}

function zonedAt(atMs: number, zone: string): Temporal.ZonedDateTime {
  return Temporal.Instant.fromEpochMilliseconds(atMs).toZonedDateTimeISO(zone);
}
