/** Decides which of the passed instants are fired. Pure. */

import { type Instants, jitterOf, passedBetween } from "./next.ts";
import type { Schedule } from "./rule.ts";

/** A firing later than this after its instant was missed, and counts as late. */
export const lateMs = 60_000;

/** The decision about passed instants. */
export interface CaughtUp {
  /** Instants to fire now, in ascending order. */
  readonly fireMs: readonly number[];
  /** The latest instant that is not fired. `many` means that there are earlier ones too. */
  readonly missed?: { readonly dueMs: number; readonly many: boolean };
}

/**
 * The decision about an instant when no other can have passed since; most firings take this path,
 * which need not consult the rule. Undefined if others may have passed; then use {@link catchUp}.
 */
export function catchUpOne(dueMs: number, instants: Instants, nowMs: number): CaughtUp | undefined {
  const isAlone = nowMs < dueMs + Math.min(instants.gapMsMin, lateMs);
  return isAlone ? { fireMs: [dueMs] } : undefined;
}

/**
 * The decision about the instants in (`decidedUntilMs`, `nowMs`]. One that has just come due is
 * fired. Earlier ones, and one long past, were missed and follow the schedule's `catch_up`.
 */
export function catchUp(
  scheduleId: string,
  schedule: Schedule,
  instants: Instants,
  decidedUntilMs: number,
  nowMs: number,
): CaughtUp {
  const countMax = schedule.catchUp === "all" ? schedule.catchUpMax : 1;
  const { dueMs, hasEarlier } = passedBetween(instants, decidedUntilMs, nowMs, countMax + 2);
  const last = dueMs.at(-1);
  // Jitter never reaches the next instant, so only the last one can still be ahead.
  const isUnripe = last !== undefined && fireAtOf(scheduleId, schedule, instants, last) > nowMs;
  const ripe = isUnripe ? dueMs.slice(0, -1) : dueMs;
  const latest = ripe.at(-1);
  if (latest === undefined) return { fireMs: [] };
  const isMissed = nowMs - fireAtOf(scheduleId, schedule, instants, latest) > lateMs;
  const fireMs = schedule.catchUp === "none" && isMissed ? [] : ripe.slice(-countMax);
  const left = ripe.slice(0, ripe.length - fireMs.length);
  const missed = left.at(-1);
  if (missed === undefined) return { fireMs };
  return { fireMs, missed: { dueMs: missed, many: left.length > 1 || hasEarlier } };
}

/** When an instant is fired: delayed by its jitter, but before the next instant. */
export function fireAtOf(
  scheduleId: string,
  { jitterMs }: Schedule,
  instants: Instants,
  dueMs: number,
): number {
  if (jitterMs === 0) return dueMs;
  const next = instants.after(dueMs) ?? Number.POSITIVE_INFINITY;
  return dueMs + jitterOf(scheduleId, dueMs, Math.min(jitterMs, next - dueMs - 1));
}
