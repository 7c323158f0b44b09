/** Schedules as their keys in a file, and as the one line that lists show. */

import { type Rule, type Schedule, scheduleDefaults } from "../../schedule/rule.ts";
import { durationText } from "./duration.ts";
import { instantText } from "./instant.ts";

/** The keys that give the schedule when they are read; what has its default is left out. */
export function scheduleKeys(schedule: Schedule): Readonly<Record<string, unknown>> {
  const { rule, startAtMs, endAtMs, jitterMs, overlap, catchUp, catchUpMax, priority, inputs } =
    schedule;
  return {
    ...ruleKeys(rule),
    ...(jitterMs > 0 && { jitter: durationText(jitterMs) }),
    ...(overlap !== scheduleDefaults.overlap && { overlap }),
    ...(catchUp !== scheduleDefaults.catchUp && { catch_up: catchUp }),
    ...(catchUpMax !== scheduleDefaults.catchUpMax && { catch_up_max: catchUpMax }),
    ...(priority !== 0 && { priority }),
    ...(startAtMs !== undefined && { start: instantText(startAtMs) }),
    ...(endAtMs !== undefined && { end: instantText(endAtMs) }),
    ...(Object.keys(inputs).length > 0 && { inputs }),
    ...(!schedule.enabled && { enabled: false }),
  };
}

/** `every 5m`, `XNYS.close + 15m`, `0 9 * * * America/New_York XNYS`. */
export function ruleText(rule: Rule): string {
  if (rule.kind === "every") return `every ${durationText(rule.everyMs)}`;
  if (rule.kind === "once") return `once ${shortInstant(rule.atMs, rule.timezone)}`;
  return Object.values(ruleKeys(rule)).join(" ");
}

/** `2026-12-01T09:30[America/New_York]`: the offset is left out, and seconds that are none. */
function shortInstant(atMs: number, timezone: string): string {
  const smallestUnit = atMs % 60_000 === 0 ? "minute" : "second";
  return Temporal.Instant.fromEpochMilliseconds(atMs).toZonedDateTimeISO(timezone)
    .toString({ offset: "never", smallestUnit });
}

function ruleKeys(rule: Rule): Readonly<Record<string, string>> {
  switch (rule.kind) {
    case "every":
      return { every: durationText(rule.everyMs) };
    case "once":
      return { once: instantText(rule.atMs, rule.timezone) };
    case "session": {
      const { calendar, edge, offsetMs } = rule;
      const offset = `${offsetMs < 0 ? "-" : "+"} ${durationText(Math.abs(offsetMs))}`;
      return { at: `${calendar}.${edge}${offsetMs === 0 ? "" : ` ${offset}`}` };
    }
    case "cron": {
      const { cron, timezone, calendar } = rule;
      return { cron, timezone, ...(calendar !== undefined && { calendar }) };
    }
  }
}
