/**
 * Durations as people write them: `250ms`, `30s`, `5m`, `1.5h`, `2d`; a bare number is seconds.
 * Text without a unit is refused: what `"30"` means is a guess.
 */

import { z } from "zod";

/** The longest duration of any kind: a year. */
export const durationMsMax = 365 * 86_400_000;

export interface DurationBounds {
  readonly msMin?: number;
  readonly msMax?: number;
}

/** Whole milliseconds, or what is wrong: a phrase that goes on from the name of the value. */
export type DurationResult = { readonly ms: number } | { readonly problem: string };

const msOf = { ms: 1, s: 1_000, m: 60_000, h: 3_600_000, d: 86_400_000 } as const;
type TimeUnit = keyof typeof msOf;
const unitsLongestFirst: readonly TimeUnit[] = ["d", "h", "m", "s", "ms"];

/** Without bounds: 0 to a year. Fractions of a millisecond are rounded. */
export function parseDuration(
  value: string | number,
  { msMin = 0, msMax = durationMsMax }: DurationBounds = {},
): DurationResult {
  const exactMs = typeof value === "number" ? value * msOf.s : exactMsOf(value);
  if (exactMs === undefined || Number.isNaN(exactMs)) {
    const found = JSON.stringify(typeof value === "string" ? value.slice(0, 40) : String(value));
    return { problem: `is no duration: ${found}; write seconds, or a unit: 30, 250ms, 5m, 1.5h` };
  }
  if (exactMs < msMin) return { problem: `must be at least ${durationText(msMin)}` };
  if (exactMs > msMax) return { problem: `must be at most ${durationText(msMax)}` };
  return { ms: Math.round(exactMs) };
}

/** The shortest text without a fraction that gives `ms`, a whole number: `90s`, `1500ms`. */
export function durationText(ms: number): string {
  if (ms === 0) return "0s";
  const unit = unitsLongestFirst.find((unit) => ms % msOf[unit] === 0) ?? "ms";
  return `${ms / msOf[unit]}${unit}`;
}

/** A duration inside a file's form: seconds or text in, whole milliseconds out. */
export function durationForm(
  bounds: DurationBounds,
): z.ZodPipe<z.ZodUnion<readonly [z.ZodNumber, z.ZodString]>, z.ZodTransform<number>> {
  return z.union([z.number(), z.string()]).transform((value, context) => {
    const result = parseDuration(value, bounds);
    if ("ms" in result) return result.ms;
    context.addIssue({ code: "custom", message: result.problem });
    return z.NEVER;
  });
}

function exactMsOf(text: string): number | undefined {
  const match = /^(\d{1,15}(?:\.\d{1,9})?) ?(ms|s|m|h|d)$/.exec(text);
  const [, amount, unit] = match ?? [];
  return amount === undefined ? undefined : Number(amount) * msOf[unit as TimeUnit];
}
