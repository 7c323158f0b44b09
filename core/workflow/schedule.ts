/** The form of `schedule:`: every so often, or at the instants of a cron rule in a time zone. */

import { z } from "zod";
import { calendarNames } from "../calendar/calendar.ts";
import { closest } from "../closest.ts";
import type { Schedule } from "./definition.ts";
import { type DurationBounds, durationForm, durationMsMax } from "./duration.ts";
import { shown } from "./wording.ts";

export const everyBounds: DurationBounds = { msMin: 1_000, msMax: durationMsMax };
const cronLengthMax = 200;

/** What may stand under `schedule:`. */
export const ScheduleForm = z.strictObject({
  every: durationForm(everyBounds).optional(),
  cron: z.string().max(cronLengthMax).refine(looksLikeCron, {
    error: ({ input }) =>
      `is no cron rule: ${shown(input)}; write five fields: minute hour day month weekday`,
  }).optional(),
  timezone: z.string().refine(isTimeZone, {
    error: ({ input }) => `is no time zone: ${shown(input)}${zoneHint(String(input))}`,
  }).optional(),
  calendar: z.enum(calendarNames).optional(),
}).superRefine(reportMixedKeys, {
  // also when a single key is wrong: the file's problems are told all at once
  when: ({ value }) => typeof value === "object" && value !== null && !Array.isArray(value),
}).transform(({ every, cron = "", timezone = "UTC", calendar }): Schedule => {
  if (every !== undefined) return { kind: "every", everyMs: every };
  return { kind: "cron", cron, timezone, ...(calendar !== undefined && { calendar }) };
});

function reportMixedKeys(
  keys: { readonly every?: unknown; readonly cron?: unknown } & { readonly [key: string]: unknown },
  context: z.RefinementCtx,
): void {
  if ((keys.every === undefined) === (keys.cron === undefined)) {
    context.addIssue({ code: "custom", message: 'needs one of "every" and "cron"' });
  }
  for (const key of ["timezone", "calendar"] as const) {
    if (keys.every === undefined || keys.cron !== undefined || keys[key] === undefined) continue;
    context.addIssue({ code: "custom", path: [key], message: 'goes with "cron", not "every"' });
  }
}

/** The outline alone: whoever computes firings reads the fields. */
function looksLikeCron(text: string): boolean {
  const fields = text.trim().split(/\s+/);
  return fields.length === 5 && fields.every((field) => /^[0-9A-Za-z*,/#?-]+$/.test(field));
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
