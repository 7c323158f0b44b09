/**
 * Brings the stored bars of a symbol up to date with as few requests as possible: the sessions
 * since the last final bar, including that one, and those that are missing before it. What the
 * source lacks is remembered and not asked for each time.
 */

import {
  Absence,
  type AgentContext,
  Bar,
  type FetchedHistory,
  Interval,
  Prices,
  SeriesState,
  z,
} from "100ac";
import { firstAnswer, isOfSource } from "../source/order.ts";
import { barsMax, fetchInto } from "./load.ts";
import { type DateRange, holesToFetch, missingSessions, type Stored } from "./missing_sessions.ts";
import { type Asked, periodBegin, withinPeriod } from "./stored_period.ts";
import { readBars, storedInterval } from "./stored_series.ts";

export const Synced = z.object({
  symbol: z.string(),
  interval: Interval,
  source: z.string(),
  currency: z.string().nullable(),
  /** What the prices of `bars` are adjusted by. */
  prices: Prices,
  /** The market time of the source's newest answer; the period is counted back from it. */
  as_of: z.iso.datetime(),
  /** The whole period, from the store. */
  bars: z.array(Bar),
  /** Bars that were fetched from the source. */
  fetched: z.int(),
  revised: z.int(),
  rejected: z.int(),
  /** Sessions between the first and the last bar for which the source has no sound bar. */
  missing: z.int(),
  stale: z.boolean(),
  age_seconds: z.number(),
});
export type Synced = z.infer<typeof Synced>;

const Dates = z.object({ dates: z.array(z.iso.date()) });
const Absences = z.object({ absences: z.array(Absence) });
type Context = AgentContext<{ readonly sources: readonly string[] }>;

/** One stored series of one source, and the first date that is wanted of it. */
interface Sync {
  readonly asked: Asked;
  readonly of: { readonly symbol: string; readonly interval: Interval; readonly source: string };
  readonly begin: string;
}

/** @throws {AppError} of a market source; `bad_answer`: an answer contradicts what is stored. */
export function syncHistory(asked: Asked, ctx: Context): Promise<Synced> {
  const begin = periodBegin(asked, ctx.now());
  const interval = storedInterval(asked.interval);
  return firstAnswer(
    ctx.config.sources,
    (source) => syncFrom({ asked, of: { symbol: asked.symbol, interval, source }, begin }, ctx),
  );
}

async function syncFrom(sync: Sync, ctx: Context): Promise<Synced> {
  const { asked, of, begin } = sync;
  const state = await ctx.request("market.get_series", of, SeriesState);
  const newest = await fetchInto(of.source, newestRange(sync, state), ctx);
  const answers = [newest, ...await fetchHoles(sync, ctx)];
  const stored = await storedOf(sync, ctx);
  const from = asked.from ?? periodBegin(asked, Date.parse(newest.as_of), newest.timezone);
  const { source } = of;
  const { symbol, interval } = asked;
  const view = await readBars({ symbol, interval, source, from, to: asked.to }, barsMax, ctx);
  const last = stored.dates.at(-1);
  return {
    symbol,
    interval,
    source,
    currency: view.currency ?? newest.currency,
    prices: view.prices,
    as_of: newest.as_of,
    bars: [...withinPeriod(view.bars, asked)],
    fetched: total(answers, ({ bars }) => bars.length),
    revised: total(answers, ({ kept }) => kept.revised),
    rejected: total(answers, ({ kept }) => kept.rejected),
    missing: last === undefined
      ? 0
      : missingSessions(stored, { since: later(begin, stored.dates[0]), until: last }).length,
    stale: newest.stale,
    age_seconds: newest.age_seconds,
  };
}

/** From the last stored bar; all of the period when its begin is not stored. */
function newestRange({ asked, of, begin }: Sync, state: SeriesState) {
  const range = { symbol: of.symbol, period: asked.period, interval: of.interval };
  const { first_date, last_date, final_date, asked_from, basis } = state;
  const whole = asked.from === undefined ? range : { ...range, since: asked.from };
  if (first_date === null || last_date === null) return whole;
  if (basis === "unknown") return { ...range, since: begin < first_date ? begin : first_date };
  // with the last final bar, so that the answer can be compared with the stored bars
  const last = final_date ?? first_date;
  // where the source was asked before, it has nothing further back
  if (asked_from !== null && asked_from <= begin) return { ...range, since: last };
  // a week's slack: the period need not begin with a session
  const beginMax = Temporal.PlainDate.from(begin).add({ days: 7 }).toString();
  return first_date <= beginMax ? { ...range, since: last } : whole;
}

/** A hole that cannot be filled now does not fail the sync: the next one asks again. */
async function fetchHoles(sync: Sync, ctx: Context): Promise<FetchedHistory[]> {
  const { of, begin } = sync;
  const stored = await storedOf(sync, ctx);
  const last = stored.dates.at(-1);
  if (last === undefined) return [];
  const range = { since: later(begin, stored.dates[0]), until: last };
  if (missingSessions(stored, range).length === 0) return [];
  const { absences } = await ctx.request("market.get_absences", of, Absences);
  const answers: FetchedHistory[] = [];
  for (const hole of holesToFetch(stored, range, absences, ctx.now())) {
    // with the bar before, so that the answer can be compared with the stored bars
    const since = stored.dates.findLast((date) => date < hole.since) ?? hole.since;
    const answer = await fetchHole(sync, { ...hole, since }, ctx);
    if (answer !== undefined) answers.push(answer);
  }
  return answers;
}

async function fetchHole(
  { asked: { period }, of: { symbol, interval, source } }: Sync,
  hole: DateRange,
  ctx: Context,
): Promise<FetchedHistory | undefined> {
  try {
    return await fetchInto(source, { symbol, period, interval, ...hole }, ctx);
  } catch (thrown) {
    if (!isOfSource(thrown)) throw thrown;
    ctx.log.warn("a hole was not fetched", { ...hole, reason: thrown.message });
    return undefined;
  }
}

async function storedOf({ of }: Sync, ctx: Context): Promise<Stored> {
  const { calendar } = await ctx.request("market.get_series", of, SeriesState);
  const { dates } = await ctx.request("market.get_dates", of, Dates);
  return { interval: of.interval, calendar, dates };
}

function total(
  answers: readonly FetchedHistory[],
  count: (answer: FetchedHistory) => number,
): number {
  return answers.reduce((sum, answer) => sum + count(answer), 0);
}

function later(a: string, b: string | undefined): string {
  return b === undefined || a > b ? a : b;
}
