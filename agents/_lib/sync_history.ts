/**
 * Brings the stored bars of a symbol up to date with as little as may be asked: the sessions that
 * are missing since the period's begin, and the last stored bar, which may have been under way. A
 * split or dividend that the store does not know restates every bar before it, so then the whole
 * period is fetched anew, and what the bars were stays as revisions.
 */

import { type AgentContext, Bar, History, Interval, MarketEvent, Period, z } from "100ac";
import { keepHistory } from "./keep_history.ts";
import { firstAnswer } from "./source_order.ts";
import { reachOf } from "./source_period.ts";
import { SeriesState } from "./stored_series.ts";

export const Synced = z.object({
  symbol: z.string(),
  interval: Interval,
  source: z.string(),
  currency: z.string().nullable(),
  /** The whole period's, from the store. */
  bars: z.array(Bar),
  /** Bars that the source was made to give. */
  fetched: z.int(),
  revised: z.int(),
  rejected: z.int(),
  stale: z.boolean(),
  age_seconds: z.number(),
});
export type Synced = z.infer<typeof Synced>;

const Bars = z.object({ bars: z.array(Bar) });
const Events = z.object({ events: z.array(MarketEvent) });
type Context = AgentContext<{ readonly sources: readonly string[] }>;

interface Asked {
  readonly symbol: string;
  readonly period: Period;
  readonly interval: Interval;
}

/** @throws {AppError} of a market source. */
export function syncHistory(asked: Asked, ctx: Context): Promise<Synced> {
  return firstAnswer(ctx.config.sources, (source) => syncFrom(source, asked, ctx));
}

async function syncFrom(source: string, asked: Asked, ctx: Context): Promise<Synced> {
  const { symbol, interval } = asked;
  const of = { symbol, interval, source };
  const state = await ctx.request("market.get_series", of, SeriesState);
  const since = sinceOf(asked, state, ctx.now());
  const fetch = (input: Record<string, unknown>): Promise<History> =>
    ctx.request(`${source}.fetch_history`, input, History);
  let fetched = await fetch(since === undefined ? { ...asked } : { ...asked, since });
  if (since !== undefined && await tellsNews(fetched, ctx)) fetched = await fetch({ ...asked });
  const kept = await keepHistory(fetched, ctx);
  const from = periodBegin(asked, ctx.now());
  const { bars } = await ctx.request("market.get_bars", { ...of, from }, Bars);
  const counted = asked.period === "1d" ? 1 : asked.period === "5d" ? 5 : undefined;
  return {
    symbol,
    interval,
    source,
    currency: kept.currency,
    bars: counted === undefined ? bars : lastSessions(bars, counted),
    fetched: fetched.bars.length,
    revised: kept.bars_revised,
    rejected: kept.bars_rejected,
    stale: kept.stale,
    age_seconds: kept.age_seconds,
  };
}

/** The first date to fetch; undefined: the whole period, because the store has not its begin. */
function sinceOf(asked: Asked, state: SeriesState, nowMs: number): string | undefined {
  if (state.first_date === null || state.last_date === null) return undefined;
  const begin = periodBegin(asked, nowMs);
  // a week's slack: the period's begin need be no session
  const beginDay = Temporal.PlainDate.from(begin).add({ days: 7 }).toString();
  const slack = asked.interval === "1mo" ? 31 : 0;
  const beginMax = Temporal.PlainDate.from(beginDay).add({ days: slack }).toString();
  return state.first_date <= beginMax ? state.last_date : undefined;
}

/** The first date of the period; of one counted in sessions, a date well before it. */
function periodBegin({ symbol, period, interval }: Asked, nowMs: number): string {
  const today = Temporal.Instant.fromEpochMilliseconds(nowMs).toZonedDateTimeISO("UTC")
    .toPlainDate();
  const reach = reachOf(symbol, period, interval, today);
  return (reach.kind === "since" ? reach.date : today.subtract({ days: 14 })).toString();
}

/** Whether a history tells of a split or dividend that the store does not know. */
async function tellsNews({ symbol, source, events }: History, ctx: Context): Promise<boolean> {
  if (events.length === 0) return false;
  const known = await ctx.request("market.get_events", { symbol, source }, Events);
  const keys = new Set(known.events.map(({ kind, date }) => `${kind} ${date}`));
  return events.some(({ kind, date }) => !keys.has(`${kind} ${date}`));
}

function lastSessions(bars: readonly Bar[], count: number): Bar[] {
  const dates = new Set([...new Set(bars.map(({ date }) => date))].slice(-count));
  return bars.filter(({ date }) => dates.has(date));
}
