/** What the store has of a symbol, the source it is served from, and its bars page by page. */

import { type AgentContext, AppError, Bar, type Interval, Prices, SeriesState, z } from "100ac";
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
  version: z.int(),
});
type Page = z.infer<typeof BarsView>;
/** Bars with what they are given in. */
export type BarsView = Omit<Page, "version">;

/** What the store gives at once: more would hold the thread that all share. */
const pageBarsMax = 1_000;
/** How often a read begins again because the symbol was saved between two of its pages. */
const triesMax = 10;

/**
 * Bars of a series, oldest first; of more than `limit`, the newest. Weeks and months are made of
 * days after these were adjusted.
 * @throws {AppError} `conflict`: the symbol is saved all the time.
 */
export async function readBars(
  { interval, ...query }: BarsQuery,
  limit: number,
  ctx: AgentContext<unknown>,
): Promise<BarsView> {
  const perBar = interval === "1wk" ? 7 : interval === "1mo" ? 31 : 1;
  const stored = { ...query, interval: storedInterval(interval) };
  const view = await readStored(stored, limit * perBar, ctx);
  if (!isGrouped(interval)) return view;
  const { symbol, source } = query;
  const of = { symbol, source, interval: stored.interval };
  const { timezone } = await ctx.request("market.get_series", of, SeriesState);
  return { ...view, bars: groupBars(view.bars, interval, timezone ?? "UTC").slice(-limit) };
}

/** Begins again when a page shows that the ones before it may be on another basis. */
async function readStored(
  query: BarsQuery,
  limit: number,
  ctx: AgentContext<unknown>,
): Promise<BarsView> {
  for (let tries = 0; tries < triesMax; tries++) {
    const pages = await readPages(query, limit, ctx);
    const [last] = pages;
    if (last === undefined) break;
    if (pages.some(({ version }) => version !== last.version)) continue;
    const { version: _, ...view } = last;
    return { ...view, bars: pages.flatMap(({ bars }) => bars) };
  }
  throw new AppError(
    "conflict",
    `Cannot read bars "${query.symbol}": they were saved ${triesMax} times meanwhile; try again`,
  );
}

/** Oldest first; at least one. Ends early at a page of another version. */
async function readPages(
  query: BarsQuery,
  limit: number,
  ctx: AgentContext<unknown>,
): Promise<Page[]> {
  const pages: Page[] = [];
  for (let left = limit; left > 0;) {
    const asked = Math.min(left, pageBarsMax);
    const before = pages[0]?.bars[0]?.start;
    const range = { ...query, limit: asked, ...before === undefined ? {} : { before } };
    const page = await ctx.request("market.get_bars", range, BarsView);
    pages.unshift(page);
    left = page.bars.length < asked || page.version !== pages.at(-1)?.version
      ? 0
      : left - page.bars.length;
  }
  return pages;
}
