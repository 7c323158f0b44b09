/** What the store has of a symbol, the source it is served from, and its bars page by page. */

import { type AgentContext, Bar, type Interval, Prices, SeriesState, z } from "100ac";
import { groupBars } from "../source/bars.ts";
import { isGrouped } from "../source/period.ts";

/** The interval that is stored: weeks and months are made of days. */
export function storedInterval(interval: Interval): Interval {
  return isGrouped(interval) ? "1d" : interval;
}

/** The first source in order that the store has bars of; the first of all if it has none. */
export async function storedSource(
  symbol: string,
  asked: Interval,
  ctx: AgentContext<{ readonly sources: readonly string[] }>,
): Promise<string> {
  const [first = ""] = ctx.config.sources;
  if (ctx.config.sources.length === 1) return first;
  const interval = storedInterval(asked);
  for (const source of ctx.config.sources) {
    const state = await ctx.request("market.get_series", { symbol, interval, source }, SeriesState);
    if (state.bars > 0) return source;
  }
  return first;
}

/** Bars of a series: between two dates, both included, as they were known at an instant. */
export interface BarsQuery {
  readonly symbol: string;
  readonly source: string;
  readonly interval: Interval;
  readonly from?: string | undefined;
  readonly to?: string | undefined;
  readonly as_of?: string | undefined;
  readonly recorded_by?: string | undefined;
  readonly prices?: Prices | undefined;
}

const BarsView = z.object({
  bars: z.array(Bar),
  prices: Prices,
  currency: z.string().nullable(),
  first_seen_late: z.int(),
});
/** Bars with what they are given in. */
export type BarsView = z.infer<typeof BarsView>;

/** What the store gives at once: more would hold the thread that all share. */
const pageBarsMax = 1_000;

/**
 * Bars of a series, oldest first; of more than `limit`, the newest. Weeks and months are made of
 * days after these were adjusted.
 */
export async function readBars(
  { interval, ...query }: BarsQuery,
  limit: number,
  ctx: AgentContext<unknown>,
): Promise<BarsView> {
  const stored = { ...query, interval: storedInterval(interval) };
  const perBar = interval === "1wk" ? 7 : interval === "1mo" ? 31 : 1;
  const pages: Bar[][] = [];
  let view: BarsView | undefined;
  let before: string | undefined;
  for (let left = limit * perBar; left > 0;) {
    const asked = Math.min(left, pageBarsMax);
    const page = { ...stored, limit: asked, ...before === undefined ? {} : { before } };
    const read = await ctx.request("market.get_bars", page, BarsView);
    view ??= read;
    pages.unshift(read.bars);
    before = read.bars[0]?.start;
    left = read.bars.length < asked ? 0 : left - read.bars.length;
  }
  const facts = view ?? { prices: "split_adjusted" as const, currency: null, first_seen_late: 0 };
  const bars = pages.flat();
  if (!isGrouped(interval)) return { ...facts, bars };
  const of = { ...stored, interval: stored.interval };
  const { timezone } = await ctx.request("market.get_series", seriesOf(of), SeriesState);
  return { ...facts, bars: groupBars(bars, interval, timezone ?? "UTC").slice(-limit) };
}

function seriesOf({ symbol, interval, source }: BarsQuery) {
  return { symbol, interval, source };
}
