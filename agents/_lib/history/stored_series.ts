/** What the store has of a symbol, from which source it is served, and its bars page by page. */

import { type AgentContext, Bar, type Interval, SeriesState, z } from "100ac";

/** The first source in order that the store has bars of; the first of all where it has none. */
export async function storedSource(
  symbol: string,
  interval: Interval,
  ctx: AgentContext<{ readonly sources: readonly string[] }>,
): Promise<string> {
  const [first = ""] = ctx.config.sources;
  if (ctx.config.sources.length === 1) return first;
  for (const source of ctx.config.sources) {
    const state = await ctx.request("market.get_series", { symbol, interval, source }, SeriesState);
    if (state.bars > 0) return source;
  }
  return first;
}

/** Which bars of a series: between two dates with both, as they were known at an instant. */
export interface BarsQuery {
  readonly symbol: string;
  readonly interval: Interval;
  readonly source: string;
  readonly from?: string | undefined;
  readonly to?: string | undefined;
  readonly as_of?: string | undefined;
}

const Bars = z.object({ bars: z.array(Bar) });
/** What the store gives at once: more would hold the thread that all share. */
const pageBarsMax = 1_000;

/** Bars of a series, oldest first; of more than `limit` the newest. */
export async function readBars(
  query: BarsQuery,
  limit: number,
  ctx: AgentContext<unknown>,
): Promise<Bar[]> {
  const pages: Bar[][] = [];
  let before: string | undefined;
  for (let left = limit; left > 0;) {
    const asked = Math.min(left, pageBarsMax);
    const page = { ...query, limit: asked, ...before === undefined ? {} : { before } };
    const { bars } = await ctx.request("market.get_bars", page, Bars);
    pages.unshift(bars);
    before = bars[0]?.start;
    left = bars.length < asked ? 0 : left - bars.length;
  }
  return pages.flat();
}
