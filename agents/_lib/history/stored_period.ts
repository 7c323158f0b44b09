/** Which of the stored bars a period holds. Pure. */

import type { Bar, Interval, Period } from "100ac";
import { lastSessions } from "../source/bars.ts";
import { reachOf } from "../source/period.ts";

/** What is asked for of a symbol. */
export interface Asked {
  readonly symbol: string;
  readonly period: Period;
  readonly interval: Interval;
}

/**
 * The first date of the period, which ends today in `timezone`; of one counted in sessions, a date
 * well before it.
 */
export function periodBegin(
  { symbol, period, interval }: Asked,
  nowMs: number,
  timezone = "UTC",
): string {
  const today = Temporal.Instant.fromEpochMilliseconds(nowMs).toZonedDateTimeISO(timezone)
    .toPlainDate();
  const reach = reachOf(symbol, period, interval, today);
  return (reach.kind === "since" ? reach.date : today.subtract({ days: 14 })).toString();
}

/** Those of the bars since {@link periodBegin} that lie within the period. */
export function withinPeriod(bars: readonly Bar[], period: Period): readonly Bar[] {
  const counted = period === "1d" ? 1 : period === "5d" ? 5 : undefined;
  return counted === undefined ? bars : lastSessions(bars, counted);
}
