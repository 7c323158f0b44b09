/** The quality of what the store has of a symbol, looked at now. */

import { type AgentContext, Bar, Finding, History, Interval, z } from "100ac";
import { barFindings } from "./quality.ts";
import { qualityScore } from "./quality_score.ts";
import { SeriesState, storedSource } from "./stored_series.ts";

export const Quality = z.object({
  symbol: z.string(),
  interval: Interval,
  source: z.string(),
  /** 0 to 1, to branch on; 0 where there are no bars. */
  score: z.number().min(0).max(1),
  expected: z.int(),
  missing: z.int(),
  rejected: z.int(),
  warned: z.int(),
  findings: z.array(Finding),
});
export type Quality = z.infer<typeof Quality>;

const Bars = z.object({ bars: z.array(Bar) });

export async function qualityOf(
  symbol: string,
  interval: Interval,
  ctx: AgentContext<{ readonly sources: readonly string[] }>,
): Promise<Quality> {
  const source = await storedSource(symbol, interval, ctx);
  const of = { symbol, interval, source };
  const { quarantined, currency } = await ctx.request("market.get_series", of, SeriesState);
  const { bars } = await ctx.request("market.get_bars", of, Bars);
  const nowMs = ctx.now();
  const history = History.parse({
    ...of,
    currency,
    timezone: "America/New_York",
    calendar: isOfNewYork(symbol) ? "XNYS" : null,
    as_of: new Date(nowMs).toISOString(),
    bars,
  });
  const findings = barFindings(history, nowMs);
  return { ...of, ...qualityScore(history, quarantined, findings, nowMs), findings };
}

/** Shares without the suffix of another market, by Yahoo's way of writing symbols. */
function isOfNewYork(symbol: string): boolean {
  return /^[A-Z]+(-[A-Z])?$/.test(symbol);
}
