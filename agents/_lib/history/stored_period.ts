/** Which of the stored bars a period holds. Pure. */

import type { Bar, Interval, Period } from "100ac";
import { lastSessions } from "../source/bars.ts";
import { isGrouped, reachOf } from "../source/period.ts";

/** What is asked for of a symbol. */
export interface Asked {
  readonly symbol: string;
  readonly period: Period;
  readonly interval: Interval;
  /** Instead of the period: the first local date. */
  readonly from?: string | undefined;
  /** The last local date; by default the newest there is. */
  readonly to?: string | undefined;
}

/**
 * The first date of what is asked for, which ends at `nowMs` in `timezone`; of a period counted in
 * sessions, a date well before it.
 */
export function periodBegin(
  { symbol, period, interval, from }: Asked,
  nowMs: number,
  timezone = "UTC",
): string {
  const today = Temporal.Instant.fromEpochMilliseconds(nowMs).toZonedDateTimeISO(timezone)
    .toPlainDate();
  const reach = reachOf(symbol, period, interval, today, from);
  return (reach.kind === "since" ? reach.date : today.subtract({ days: 14 })).toString();
}

/** Those of the bars since {@link periodBegin} that lie within what is asked for. */
export function withinPeriod(
  bars: readonly Bar[],
  { period, interval, from }: Asked,
): readonly Bar[] {
  if (from !== undefined || isGrouped(interval)) return bars;
  const counted = period === "1d" ? 1 : period === "5d" ? 5 : undefined;
  return counted === undefined ? bars : lastSessions(bars, counted);
}
