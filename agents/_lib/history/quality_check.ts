/** The quality of what the store has of a symbol, looked at now. */

import { type AgentContext, Finding, type History, Interval, SeriesState, z } from "100ac";
import type { CalendarName } from "100ac/calendar";
import { fresh } from "../source/freshness.ts";
import { barFindings } from "../quality/quality.ts";
import { qualityScore } from "../quality/score.ts";
import { readBars, storedInterval, storedSource } from "./stored_series.ts";

export const Quality = z.object({
  symbol: z.string(),
  interval: Interval,
  source: z.string(),
  /** Whose sessions were expected; null: none is known. */
  calendar: z.string().nullable(),
  /** 0 to 1, to branch on; 0 where there are no bars. */
  score: z.number().min(0).max(1),
  expected: z.int(),
  missing: z.int(),
  rejected: z.int(),
  warned: z.int(),
  findings: z.array(Finding),
});
export type Quality = z.infer<typeof Quality>;

/** The newest of more bars: a year of minutes. */
const barsMax = 100_000;

/**
 * By the calendar that the source told with the bars; `calendar` goes before it, for sources that
 * tell none. Where none is known, no session is missing.
 */
export async function qualityOf(
  { symbol, interval, calendar }: {
    readonly symbol: string;
    readonly interval: Interval;
    readonly calendar?: CalendarName | undefined;
  },
  ctx: AgentContext<{ readonly sources: readonly string[] }>,
): Promise<Quality> {
  const source = await storedSource(symbol, interval, ctx);
  const of = { symbol, interval: storedInterval(interval), source };
  const state = await ctx.request("market.get_series", of, SeriesState);
  const nowMs = ctx.now();
  const { bars, prices } = await readBars(of, barsMax, ctx);
  const history: History = {
    ...of,
    currency: state.currency,
    timezone: state.timezone ?? "UTC",
    calendar: calendar ?? state.calendar,
    as_of: new Date(nowMs).toISOString(),
    basis: prices,
    events_complete: true,
    bars,
    events: [],
    ...fresh,
  };
  const findings = barFindings(history, nowMs);
  return {
    ...of,
    calendar: history.calendar,
    ...qualityScore(history, state.quarantined, findings, nowMs),
    findings,
  };
}
