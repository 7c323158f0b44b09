/** Bars put together to longer ones, the same for every source. Pure. */

import { Bar, Interval } from "100ac";
import { dayBeginMs, groupDate } from "./period.ts";

/**
 * One bar for each week or month that `bars` (oldest first) touch. It is filed under the week's
 * Monday or the month's first, a session or not, and begins with that local day: so it keeps its
 * name while it grows.
 */
export function groupBars(bars: readonly Bar[], interval: Interval, timezone: string): Bar[] {
  const groups = new Map<string, Bar>();
  for (const bar of bars) {
    const day = groupDate(Temporal.PlainDate.from(bar.date), interval);
    const date = day.toString();
    const group = groups.get(date);
    const start = group?.start ?? new Date(dayBeginMs(day, timezone)).toISOString();
    groups.set(date, group === undefined ? { ...bar, start, date } : joinBars(group, bar));
  }
  return [...groups.values()];
}

/** What is dated `until` at the latest; all where that is left out. */
export function datedUntil<Dated extends { readonly date: string }>(
  all: readonly Dated[],
  until: string | undefined,
): Dated[] {
  return until === undefined ? [...all] : all.filter(({ date }) => date <= until);
}

/** Those of the last `count` sessions that have any; bars are oldest first. */
export function lastSessions(bars: readonly Bar[], count: number): Bar[] {
  const dates = new Set([...new Set(bars.map(({ date }) => date))].slice(-count));
  return bars.filter(({ date }) => dates.has(date));
}

function joinBars(earlier: Bar, later: Bar): Bar {
  return {
    start: earlier.start,
    date: earlier.date,
    open: earlier.open,
    high: Math.max(earlier.high, later.high),
    low: Math.min(earlier.low, later.low),
    close: later.close,
    adjusted_close: later.adjusted_close,
    volume: sumOrNull(earlier.volume, later.volume),
  };
}

function sumOrNull(a: number | null, b: number | null): number | null {
  return a === null && b === null ? null : (a ?? 0) + (b ?? 0);
}
