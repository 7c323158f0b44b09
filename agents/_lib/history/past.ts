/**
 * Histories as of an earlier instant: what was public by then, as far as it is stored. No source is
 * asked, because it would answer with what it knows now.
 */

import { type AgentContext, AppError, SeriesState } from "100ac";
import { fresh } from "../source/freshness.ts";
import { barsMax, eventsSince, type Loaded } from "./load.ts";
import { missingSessions } from "./missing_sessions.ts";
import { type Asked, periodBegin, withinPeriod } from "./stored_period.ts";
import { readBars, storedInterval, storedSource } from "./stored_series.ts";
import type { Synced } from "./sync.ts";

type Context = AgentContext<{ readonly sources: readonly string[] }>;

/** @throws {AppError} `not_found`: nothing of it that was public by then is stored. */
export async function loadedBefore(asked: Asked, ctx: Context): Promise<Loaded> {
  const { symbol, interval } = asked;
  const source = await storedSource(symbol, interval, ctx);
  const of = { symbol, source, interval };
  const state = await ctx.request(
    "market.get_series",
    { ...of, interval: storedInterval(interval) },
    SeriesState,
  );
  const timezone = state.timezone ?? "UTC";
  const from = periodBegin(asked, ctx.now(), timezone);
  const { first_seen_late: _, ...view } = await readBars(
    { ...of, from, to: asked.to },
    barsMax,
    ctx,
  );
  const bars = [...withinPeriod(view.bars, asked)];
  const as_of = new Date(ctx.now()).toISOString();
  if (bars.length === 0) {
    throw new AppError(
      "not_found",
      `Cannot read history "${symbol}": no ${interval} bars since ${from} of ` +
        `${ctx.config.sources.join(", ")} that were public by ${as_of} are stored; ` +
        "give a later as_of, or load its history",
    );
  }
  const first = bars[0]?.date ?? from;
  return {
    ...of,
    ...view,
    timezone,
    calendar: state.calendar,
    as_of,
    bars,
    events: await eventsSince(first, { ...of, to: asked.to }, ctx),
    bars_loaded: bars.length,
    bars_rejected: 0,
    bars_revised: 0,
    first_date: first,
    last_date: bars.at(-1)?.date ?? null,
    findings: [],
    ...fresh,
  };
}

/** As if it had been synced. @throws {AppError} as {@link loadedBefore}. */
export async function syncedBefore(asked: Asked, ctx: Context): Promise<Synced> {
  const { bars, calendar, currency, source, prices, as_of } = await loadedBefore(asked, ctx);
  const { symbol, interval } = asked;
  const [since = "", until = ""] = [bars[0]?.date, bars.at(-1)?.date];
  const stored = { interval, calendar, dates: bars.map(({ date }) => date) };
  return {
    ...{ symbol, interval, source, currency, prices, as_of, bars },
    ...{ fetched: 0, revised: 0, rejected: 0 },
    missing: missingSessions(stored, { since, until }).length,
    ...fresh,
  };
}
