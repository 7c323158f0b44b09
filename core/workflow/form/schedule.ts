/**
 * The form of `schedule:`: every so often, at the instants of a cron rule in a time zone, at an
 * exchange's sessions, or once. One, or a list of them.
 */

import { z } from "zod";
import { calendarNames, isCalendarName } from "../../calendar/calendar.ts";
import { closest } from "../../closest.ts";
import { messageOf } from "../../errors.ts";
import { instantsOf } from "../../schedule/next.ts";
import {
  catchUpMaxDefault,
  type Rule,
  type Schedule,
  scheduleDefaults,
} from "../../schedule/rule.ts";
import { type DurationBounds, durationForm, durationMsMax, parseDuration } from "./duration.ts";
import { type InstantResult, parseInstant } from "./instant.ts";
import { shown } from "../../yaml/wording.ts";

export const everyBounds: DurationBounds = { msMin: 1_000, msMax: durationMsMax };
export const jitterBounds: DurationBounds = { msMin: 0, msMax: 3_600_000 };
/** The farthest that `at` goes from a session. */
const offsetMsMax = 86_400_000;
export const schedulesMax = 100;
const catchUpMaxMax = 1_000;
export const priorityMax = 100;
const cronLengthMax = 200;
/** Where the look for a first due instant begins: no clock, so that a kept text reads the same. */
const searchFromMs = Date.UTC(2000, 0);

const RuleKeys = {
  every: durationForm(everyBounds).optional()
    .describe("an interval of at least 1 s, counted from `start`, or from 1970-01-01T00:00Z"),
  cron: z.string().max(cronLengthMax).superRefine(reportNoCron).optional().describe(
    "five fields: minute hour day month weekday (0 and 7 are Sunday; names, `L`, `#`, `W` too)",
  ),
  at: z.string().transform(toSessionRule).optional()
    .describe("`CALENDAR.open` or `.close`, `+` or `-` up to a day; half-days included"),
  once: z.string().transform(toInstant).optional()
    .describe("one instant: `2026-12-01T09:30[America/New_York]`, `2026-12-01T14:30Z`"),
};

const keysOfRules = Object.keys(RuleKeys);

const Keys = {
  ...RuleKeys,
  timezone: z.string().refine(isTimeZone, {
    error: ({ input }) => `is no time zone: ${shown(input)}${zoneHint(String(input))}`,
  }).optional().meta({ description: "for `cron`: the IANA zone of its times", initial: "UTC" }),
  calendar: z.enum(calendarNames).optional()
    .describe("for `cron`: only on local days of a session: `XNYS`, `XNAS`, `24/7`"),
  jitter: durationForm(jitterBounds).default(0).meta({
    description: "fires up to so long later (an hour at most), always the same for an instant",
    initial: 0,
  }),
  overlap: z.enum(["skip", "queue"]).default("skip").describe(
    "while the execution before has not ended: `skip`, or `queue` (one after the other, 1,000 " +
      "at most)",
  ),
  catch_up: z.enum(["none", "latest", "all"]).default("latest").describe(
    "of what came due while the daemon was down: `none`, `latest`, or `all` (use it with " +
      "`overlap: queue`)",
  ),
  catch_up_max: z.int().min(1).max(catchUpMaxMax).optional()
    .meta({ description: "for `all`: the latest so many, 1,000 at most", initial: 100 }),
  priority: z.int().min(-priorityMax).max(priorityMax).default(0)
    .describe("-100 to 100; higher ones are taken from the queue first"),
  start: z.string().transform(toInstant).optional()
    .describe("instants; nothing is due before `start`, or from `end` on"),
  end: z.string().transform(toInstant).optional()
    .describe("instants; nothing is due before `start`, or from `end` on"),
  inputs: z.record(z.string(), z.unknown()).default({}).describe(
    "what each execution is started with",
  ),
  enabled: z.boolean().default(true).describe("`false`: never due"),
};

/** The keys of a schedule in a file. */
export const scheduleKeyNames: readonly string[] = Object.keys(Keys);

const ScheduleForm = z.strictObject(Keys).superRefine(reportMixedKeys, {
  // also when a single key is wrong: the file's problems are told all at once
  when: ({ value }) => typeof value === "object" && value !== null && !Array.isArray(value),
}).transform((keys, context): Schedule => {
  const rule = ruleOf(keys);
  if (rule === undefined) return z.NEVER; // told already
  const schedule: Schedule = {
    rule,
    enabled: keys.enabled,
    jitterMs: keys.jitter,
    overlap: keys.overlap,
    catchUp: keys.catch_up,
    catchUpMax: keys.catch_up_max ?? catchUpMaxDefault,
    priority: keys.priority,
    inputs: keys.inputs,
    ...(keys.start && { startAtMs: keys.start.atMs }),
    ...(keys.end && { endAtMs: keys.end.atMs }),
  };
  if (instantsOf(schedule).after(searchFromMs) === undefined) {
    const key = keysOfRules.find((key) => keys[key as keyof typeof keys] !== undefined);
    context.addIssue({ code: "custom", path: [key ?? ""], message: "never comes due" });
  }
  return schedule;
}).meta({ id: "schedule" });

/** What may stand under `schedule:`; a single one is a list of one. */
export const SchedulesForm = z.preprocess(
  (value) => Array.isArray(value) ? value : [value],
  z.array(ScheduleForm).min(1).max(schedulesMax),
);

interface RuleValues {
  readonly every?: number | undefined;
  readonly cron?: string | undefined;
  readonly at?: Extract<Rule, { kind: "session" }> | undefined;
  readonly once?: Extract<InstantResult, { atMs: number }> | undefined;
  readonly timezone?: string | undefined;
  readonly calendar?: (typeof calendarNames)[number] | undefined;
}

function ruleOf(keys: RuleValues): Rule | undefined {
  const { every, cron, at, once, timezone = "UTC", calendar } = keys;
  if (every !== undefined) return { kind: "every", everyMs: every };
  if (cron !== undefined) {
    return { kind: "cron", cron, timezone, ...(calendar !== undefined && { calendar }) };
  }
  return at ?? (once && { kind: "once", ...once });
}

function reportMixedKeys(
  keys: Readonly<Record<string, unknown>>,
  context: z.RefinementCtx,
): void {
  const rules = keysOfRules.filter((key) => keys[key] !== undefined);
  const report = (message: string, ...path: string[]): void =>
    context.addIssue({ code: "custom", path, message });
  const [rule] = rules;
  if (rules.length !== 1) report('needs one of "every", "cron", "at" and "once"');
  for (const key of ["timezone", "calendar"]) {
    if (keys[key] === undefined || rules.length === 0 || rules.includes("cron")) continue;
    report(`goes with "cron", not "${rule}"`, key);
  }
  if (keys.catch_up_max !== undefined && keys.catch_up !== "all") {
    report('goes with "catch_up: all"', "catch_up_max");
  }
  const { start, end, every, jitter } = keys as {
    readonly start?: { readonly atMs?: number };
    readonly end?: { readonly atMs?: number };
    readonly every?: unknown;
    readonly jitter?: unknown;
  };
  if (start?.atMs !== undefined && end?.atMs !== undefined && start.atMs >= end.atMs) {
    report('must be after "start"', "end");
  }
  const everyMs = msOf(every);
  const jitterMs = msOf(jitter);
  if (everyMs !== undefined && jitterMs !== undefined && jitterMs >= everyMs) {
    report('must be shorter than "every"', "jitter");
  }
}

/** Of a value that was read already: whole milliseconds. */
function msOf(value: unknown): number | undefined {
  return typeof value === "number" ? value : undefined;
}

function reportNoCron(text: string, context: z.RefinementCtx): void {
  const fields = text.trim().split(/\s+/);
  const isOutlined = fields.length === 5 &&
    fields.every((field) => /^[0-9A-Za-z*,/#-]+$/.test(field));
  if (!isOutlined) {
    const form = "write five fields: minute hour day month weekday";
    context.addIssue({ code: "custom", message: `is no cron rule: ${shown(text)}; ${form}` });
    return;
  }
  try {
    const rule: Rule = { kind: "cron", cron: text, timezone: "UTC" };
    instantsOf({ ...scheduleDefaults, rule });
  } catch (thrown) {
    // the reader of cron rules throws plain errors, with its own name first
    const reason = messageOf(thrown).replace(/^\w+: /, "");
    context.addIssue({ code: "custom", message: `is no cron rule: ${shown(text)}: ${reason}` });
  }
}

function toSessionRule(
  text: string,
  context: z.RefinementCtx,
): Extract<Rule, { kind: "session" }> {
  const match = /^\s*([\w/]+)\.(open|close)\s*(?:([+-])\s*(\S+)\s*)?$/.exec(text);
  const [, calendar = "", edge = "", sign = "+", duration = "0s"] = match ?? [];
  if (!match) return fail(context, `is no session: ${shown(text)}; write it like XNYS.close + 15m`);
  if (!isCalendarName(calendar)) {
    const near = closest(calendar, calendarNames) ?? calendarNames.join(", ");
    return fail(context, `has no calendar ${shown(calendar)}; did you mean ${near}?`);
  }
  const offset = parseDuration(duration, { msMax: offsetMsMax });
  if ("problem" in offset) return fail(context, `has an offset that ${offset.problem}`);
  const offsetMs = sign === "-" ? 0 - offset.ms : offset.ms;
  return { kind: "session", calendar, edge: edge === "open" ? "open" : "close", offsetMs };
}

function toInstant(text: string, context: z.RefinementCtx): { atMs: number; timezone: string } {
  const result = parseInstant(text);
  return "problem" in result ? fail(context, result.problem) : result;
}

function fail(context: z.RefinementCtx, message: string): never {
  context.addIssue({ code: "custom", message });
  return z.NEVER;
}

function isTimeZone(name: string): boolean {
  try {
    new Intl.DateTimeFormat("en", { timeZone: name });
    return true;
  } catch (thrown) {
    if (thrown instanceof RangeError) return false;
    throw thrown;
  }
}

function zoneHint(name: string): string {
  const zones = Intl.supportedValuesOf("timeZone");
  const city = zones.find((zone) => zone.endsWith(`/${name.trim().replaceAll(" ", "_")}`));
  const near = city ?? closest(name, zones);
  return near === undefined ? "; write it like America/New_York" : `; did you mean "${near}"?`;
}
