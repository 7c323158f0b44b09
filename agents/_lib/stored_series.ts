/** What the store has of a symbol, and from which source it is served. */

import { type AgentContext, type Interval, z } from "100ac";

/** What there is of a series; nulls where there is nothing. */
export const SeriesState = z.object({
  bars: z.int(),
  first_date: z.iso.date().nullable(),
  last_date: z.iso.date().nullable(),
  currency: z.string().nullable(),
  quarantined: z.int(),
});
export type SeriesState = z.infer<typeof SeriesState>;

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
