/** Which sessions a stored history lacks, and which of them to ask its source for. Pure. */

import type { Absence, Interval } from "100ac";
import { calendarOf, knownSessions } from "../quality/finding.ts";

/** Local dates, both included. */
export interface DateRange {
  readonly since: string;
  readonly until: string;
}

/** What is stored of a series within a range. */
export interface Stored {
  readonly interval: Interval;
  readonly calendar: string | null;
  readonly dates: readonly string[];
}

const dayMs = 86_400_000;
/** A source mends its holes within days, or hardly ever. */
const restDaysMax = 64;
/** Of more holes than this, all that lies between the first and the last is asked for at once. */
const rangesMax = 3;

/** Sessions of a range without a bar, ascending; none where the calendar is not known. */
export function missingSessions(stored: Stored, { since, until }: DateRange): string[] {
  const calendar = calendarOf(stored);
  if (calendar === undefined || since > until) return [];
  const dates = new Set(stored.dates);
  return knownSessions(calendar, since, until).map(({ date }) => date)
    .filter((date) => !dates.has(date));
}

/**
 * What to ask for so that no session of `range` is missing, in a few questions. A session that the
 * source lacked is left alone for a day, twice as long each further time, {@link restDaysMax} days
 * at most.
 */
export function holesToFetch(
  stored: Stored,
  range: DateRange,
  absences: readonly Absence[],
  nowMs: number,
): DateRange[] {
  const resting = new Set(
    absences.filter((absence) => rests(absence, nowMs))
      .map(({ date }) => date),
  );
  const wanted = missingSessions(stored, range).filter((date) => !resting.has(date));
  const holes = runsOf(wanted, stored, range);
  const [first, last] = [holes[0], holes.at(-1)];
  if (first === undefined || last === undefined || holes.length <= rangesMax) return holes;
  return [{ since: first.since, until: last.until }];
}

function rests({ asked_at, times_asked }: Absence, nowMs: number): boolean {
  const days = Math.min(restDaysMax, 2 ** (times_asked - 1));
  return nowMs < Date.parse(asked_at) + days * dayMs;
}

/** Dates with no stored one between them, taken together. */
function runsOf(wanted: readonly string[], { dates }: Stored, range: DateRange): DateRange[] {
  const stored = dates.filter((date) => date >= range.since && date <= range.until).toSorted();
  const runs: DateRange[] = [];
  let next = 0;
  for (const date of wanted) {
    const begin = next;
    while ((stored[next] ?? "9999-99-99") < date) next++;
    const run = next === begin ? runs.pop() : undefined;
    runs.push({ since: run?.since ?? date, until: date });
  }
  return runs;
}
