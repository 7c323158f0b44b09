/**
 * Histories as of an earlier instant: what the store had by then. No source is asked, for it would
 * answer with what it knows now.
 */

import { type AgentContext, AppError, type History, MarketEvent, SeriesState, z } from "100ac";
import { fresh } from "../source/freshness.ts";
import type { Loaded } from "./keep.ts";
import { missingSessions } from "./missing_sessions.ts";
import { type Asked, periodBegin, withinPeriod } from "./stored_period.ts";
import { readBars, storedSource } from "./stored_series.ts";
import type { Synced } from "./sync.ts";

type Context = AgentContext<{ readonly sources: readonly string[] }>;
const Events = z.object({ events: z.array(MarketEvent) });
const barsMax = 100_000;

/** As if it had been loaded. @throws {AppError} `not_found`: nothing of it was stored by then. */
export async function loadedBefore(asked: Asked, ctx: Context): Promise<Loaded> {
  const history = await storedBefore(asked, ctx);
  return {
    ...history,
    bars_loaded: history.bars.length,
    bars_rejected: 0,
    bars_revised: 0,
    first_date: history.bars[0]?.date ?? null,
    last_date: history.bars.at(-1)?.date ?? null,
    findings: [],
  };
}

/** As if it had been synced. @throws {AppError} `not_found`: nothing of it was stored by then. */
export async function syncedBefore(asked: Asked, ctx: Context): Promise<Synced> {
  const { bars, calendar, currency, source, ...freshness } = await storedBefore(asked, ctx);
  const { symbol, interval } = asked;
  const [since = "", until = ""] = [bars[0]?.date, bars.at(-1)?.date];
  const stored = { interval, calendar, dates: bars.map(({ date }) => date) };
  return {
    ...{ symbol, interval, source, currency, bars },
    ...{ fetched: 0, revised: 0, rejected: 0 },
    missing: missingSessions(stored, { since, until }).length,
    stale: freshness.stale,
    age_seconds: freshness.age_seconds,
  };
}

async function storedBefore(asked: Asked, ctx: Context): Promise<History> {
  const { symbol, period, interval } = asked;
  const source = await storedSource(symbol, interval, ctx);
  const of = { symbol, interval, source };
  const state = await ctx.request("market.get_series", of, SeriesState);
  const from = periodBegin(asked, ctx.now(), state.timezone ?? "UTC");
  const bars = withinPeriod(await readBars({ ...of, from }, barsMax, ctx), period);
  const as_of = new Date(ctx.now()).toISOString();
  if (bars.length === 0) {
    throw new AppError(
      "not_found",
      `Cannot read history "${symbol}": no ${interval} bars since ${from} of ` +
        `${ctx.config.sources.join(", ")} were stored by ${as_of}; give a later as_of`,
    );
  }
  const { events } = await ctx.request("market.get_events", { symbol, source, from }, Events);
  return {
    ...of,
    currency: state.currency,
    timezone: state.timezone ?? "UTC",
    calendar: state.calendar,
    as_of,
    bars: [...bars],
    events: events.filter(({ date }) => date <= as_of.slice(0, 10)),
    ...fresh,
  };
}
