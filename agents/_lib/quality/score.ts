/**
 * How far a history can be trusted, as one number. Pure.
 *
 * 1 is a bar for every session and nothing found; each session without a usable bar takes its
 * share, a bar with a warning a quarter of it: (expected - missing - rejected - warned / 4) /
 * expected, never below 0. A change of currency makes it 0.
 */

import type { Finding, History } from "100ac";
import { calendarOf, knownSessions } from "./finding.ts";

export interface QualityScore {
  /** 0 to 1. */
  readonly score: number;
  /** Sessions that should have a bar; where no calendar is known, the bars there are. */
  readonly expected: number;
  /** Sessions without a bar, those since the last one included. */
  readonly missing: number;
  readonly rejected: number;
  /** Bars with a warning. */
  readonly warned: number;
}

const sourceDelayMs = 12 * 3_600_000;
const warningWeight = 1 / 4;

/** The score of a history's sound bars, with `rejected` ones kept out and what was found. */
export function qualityScore(
  history: History,
  rejected: number,
  findings: readonly Finding[],
  nowMs: number,
): QualityScore {
  const missing = missingSessions(history, nowMs);
  const warned = new Set(
    findings.filter(({ severity, rule, at }) =>
      severity === "warning" && at !== null && rule !== "gap" && rule !== "stale"
    ).map(({ at }) => at),
  ).size;
  const expected = history.bars.length + rejected + missing;
  const bad = missing + rejected + warned * warningWeight;
  const isMixed = findings.some(({ rule }) => rule === "currency_change");
  const score = expected === 0 || isMixed ? 0 : Math.max(0, 1 - bad / expected);
  return { score, expected, missing, rejected, warned };
}

function missingSessions(history: History, nowMs: number): number {
  const calendar = calendarOf(history);
  const first = history.bars[0]?.date;
  if (calendar === undefined || first === undefined) return 0;
  const dates = new Set(history.bars.map(({ date }) => date));
  const today = new Date(nowMs).toISOString().slice(0, 10);
  return knownSessions(calendar, first, today)
    .filter(({ date, closeAtMs }) => !dates.has(date) && closeAtMs + sourceDelayMs <= nowMs).length;
}
