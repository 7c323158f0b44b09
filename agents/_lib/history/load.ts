/** Has a source fetch and store a history, and reads it back as everyone sees it. */

import {
  type AgentContext,
  AppError,
  Bar,
  FetchedHistory,
  Finding,
  type HistoryInput,
  Interval,
  MarketEvent,
  Prices,
  z,
} from "100ac";
import { firstAnswer } from "../source/order.ts";
import { type Asked, periodBegin, withinPeriod } from "./stored_period.ts";
import { readBars, storedInterval } from "./stored_series.ts";

type Context = AgentContext<{ readonly sources: readonly string[] }>;

/** A history as it is stored; `bars` holds only sound ones. */
export const Loaded = z.object({
  symbol: z.string(),
  interval: Interval,
  source: z.string(),
  currency: z.string().nullable(),
  timezone: z.string(),
  calendar: z.string().nullable(),
  /** What the prices of `bars` are adjusted by. */
  prices: Prices,
  /** The market time of the source's answer; the period is counted back from it. */
  as_of: z.iso.datetime(),
  bars: z.array(Bar),
  /** Dividends (as paid) and splits since the first bar, oldest first. */
  events: z.array(MarketEvent),
  bars_loaded: z.int(),
  /** Bars with an error: kept in quarantine and out of `bars`. */
  bars_rejected: z.int(),
  /** Final bars that the source has changed since they were stored. */
  bars_revised: z.int(),
  first_date: z.iso.date().nullable(),
  last_date: z.iso.date().nullable(),
  findings: z.array(Finding),
  stale: z.boolean(),
  age_seconds: z.number(),
});
export type Loaded = z.infer<typeof Loaded>;

const Events = z.object({ events: z.array(MarketEvent) });
export const barsMax = 100_000;

/** @throws {AppError} of a market source; `bad_answer`: its answer contradicts what is stored. */
export function loadHistory(asked: Asked, ctx: Context): Promise<Loaded> {
  return firstAnswer(ctx.config.sources, async (source) => {
    const { kept, ...fetched } = await fetchInto(source, rangeOf(asked), ctx);
    const begin = periodBegin(asked, Date.parse(fetched.as_of), fetched.timezone);
    const of = { symbol: asked.symbol, source, interval: asked.interval };
    const view = await readBars({ ...of, from: begin, to: asked.to }, barsMax, ctx);
    const bars = [...withinPeriod(view.bars, asked)];
    return {
      ...of,
      ...factsOf(fetched),
      ...view.currency === null ? {} : { currency: view.currency },
      prices: view.prices,
      bars,
      events: await eventsSince(bars[0]?.date, { ...of, to: asked.to }, ctx),
      bars_loaded: bars.length,
      bars_rejected: kept.rejected,
      bars_revised: kept.revised,
      first_date: bars[0]?.date ?? null,
      last_date: bars.at(-1)?.date ?? null,
      findings: kept.findings,
    };
  });
}

/**
 * Has `source` fetch and store a range.
 * @throws {AppError} of a market source; `bad_answer`: its answer was held back.
 */
export async function fetchInto(
  source: string,
  range: z.input<typeof HistoryInput>,
  ctx: AgentContext<unknown>,
): Promise<FetchedHistory> {
  const asked = { ...range, interval: storedInterval(range.interval ?? "1d") };
  const fetched = await ctx.request(`${source}.fetch_history`, asked, FetchedHistory);
  if (fetched.kept.outcome !== "held_back") return fetched;
  throw new AppError(
    "bad_answer",
    `Cannot load history "${range.symbol}" from "${source}": ${fetched.kept.reason}; nothing of ` +
      `the answer was stored, load it again later`,
  );
}

/** What is asked of a source. */
function rangeOf({ symbol, period, interval, from, to }: Asked) {
  return {
    ...{ symbol, period, interval },
    ...from === undefined ? {} : { since: from },
    ...to === undefined ? {} : { until: to },
  };
}

function factsOf(
  { currency, timezone, calendar, as_of, stale, age_seconds }: Omit<FetchedHistory, "kept">,
) {
  return { currency, timezone, calendar, as_of, stale, age_seconds };
}

/** Dividends (as paid) and splits since a date, oldest first; none without it. */
export async function eventsSince(
  from: string | undefined,
  { symbol, source, to }: {
    readonly symbol: string;
    readonly source: string;
    readonly to?: string | undefined;
  },
  ctx: AgentContext<unknown>,
): Promise<MarketEvent[]> {
  if (from === undefined) return [];
  const today = new Date(ctx.now()).toISOString().slice(0, 10);
  const ask = { symbol, source, from, to: to ?? today };
  const { events } = await ctx.request("market.get_events", ask, Events);
  return events.filter(({ kind }) => kind !== "earnings");
}
