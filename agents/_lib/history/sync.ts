/**
 * Brings the stored bars of a symbol up to date with as little as may be asked: the sessions since
 * the last stored bar, with that one, which may have been under way, and those that are missing
 * before it. What the source lacks is remembered, and not asked for at every turn. A split or
 * dividend restates every bar before it: one that the stored bars are not restated for has all of
 * them fetched anew, and what they were stays as revisions.
 */

import { Absence, type AgentContext, Bar, History, Interval, SeriesState, z } from "100ac";
import { keepHistory, type Keeping } from "./keep.ts";
import { type DateRange, holesToFetch, missingSessions, type Stored } from "./missing_sessions.ts";
import { firstAnswer, isOfSource } from "../source/order.ts";
import { type Asked, periodBegin, withinPeriod } from "./stored_period.ts";
import { readBars } from "./stored_series.ts";

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
  /** Sessions between the first bar and the last that the source has no sound bar of. */
  missing: z.int(),
  stale: z.boolean(),
  age_seconds: z.number(),
});
export type Synced = z.infer<typeof Synced>;

const Dates = z.object({ dates: z.array(z.iso.date()) });
const Restated = z.object({ events: z.array(z.object({ kind: z.string(), date: z.string() })) });
const Absences = z.object({ absences: z.array(Absence) });
const Noted = z.object({});
type Context = AgentContext<{ readonly sources: readonly string[] }>;

/** One series of one source, and the first date of what is wanted of it. */
interface Sync extends Asked {
  readonly source: string;
  readonly begin: string;
}

const barsMax = 100_000;
const dayMs = 86_400_000;

/** @throws {AppError} of a market source. */
export function syncHistory(asked: Asked, ctx: Context): Promise<Synced> {
  const begin = periodBegin(asked, ctx.now());
  return firstAnswer(
    ctx.config.sources,
    (source) => syncFrom({ ...asked, source, begin }, ctx),
  );
}

async function syncFrom(sync: Sync, ctx: Context): Promise<Synced> {
  const { symbol, interval, source, begin } = sync;
  const of = { symbol, interval, source };
  const state = await ctx.request("market.get_series", of, SeriesState);
  const { pieces, askedFor } = await fetchMissing(sync, state, ctx);
  let [fetched, rejected, revised] = [0, 0, 0];
  for (const { history, ...keeping } of pieces) {
    const kept = await keepHistory(history, ctx, keeping);
    fetched += history.bars.length;
    rejected += kept.bars_rejected;
    revised += kept.bars_revised;
  }
  const missing = await noteWhatLacks(sync, askedFor, ctx);
  const bars = await readBars({ ...of, from: begin }, barsMax, ctx);
  const newest = pieces[0]?.history;
  return {
    symbol,
    interval,
    source,
    currency: newest?.currency ?? state.currency,
    bars: [...withinPeriod(bars, sync.period)],
    fetched,
    revised,
    rejected,
    missing,
    stale: newest?.stale ?? false,
    age_seconds: newest?.age_seconds ?? 0,
  };
}

interface Fetched {
  /** The newest first. */
  readonly pieces: readonly (Keeping & { readonly history: History })[];
  /** What the source has answered for now. */
  readonly askedFor: readonly DateRange[];
}

/** What the store lacks, as the source gives it; all that it has when the source tells news. */
async function fetchMissing(sync: Sync, state: SeriesState, ctx: Context): Promise<Fetched> {
  const { symbol, period, interval, begin } = sync;
  const today = new Date(ctx.now()).toISOString().slice(0, 10);
  const fetch = (range: Partial<DateRange>): Promise<History> =>
    ctx.request(`${sync.source}.fetch_history`, { symbol, period, interval, ...range }, History);
  const anew = async (since?: string): Promise<Fetched> => {
    const history = await fetch(since === undefined ? {} : { since });
    const askedFor = history.stale ? [] : [{ since: since ?? begin, until: today }];
    // an old answer may be of before the news
    return { pieces: [{ history, restated: !history.stale }], askedFor };
  };
  const since = sinceOf(sync, state);
  if (since === undefined) return await anew();
  const first = earlier(begin, state.first_date ?? begin);
  if (state.events_pending > 0) return await anew(first);
  const history = await fetch({ since });
  if (await tellsNews(history, sync, ctx)) return await anew(first);
  const pieces: (Keeping & { readonly history: History })[] = [{ history }];
  const askedFor = history.stale ? [] : [{ since, until: today }];
  for (const hole of await holesBefore(since, sync, state, ctx)) {
    const piece = await fetchHole(hole, fetch, ctx);
    if (piece === undefined) continue;
    if (await tellsNews(piece, sync, ctx)) return await anew(first);
    if (!piece.stale) askedFor.push(hole);
    // the end of a piece of the past is held against the day after it
    if (piece.bars.length > 0) pieces.push({ history: piece, nowMs: endMs(hole) });
  }
  return { pieces, askedFor };
}

/** A hole that can't be had now costs nobody the rest: the next sync asks again. */
async function fetchHole(
  hole: DateRange,
  fetch: (range: DateRange) => Promise<History>,
  ctx: Context,
): Promise<History | undefined> {
  try {
    return await fetch(hole);
  } catch (thrown) {
    if (!isOfSource(thrown)) throw thrown;
    ctx.log.warn("a hole was not fetched", { ...hole, reason: thrown.message });
    return undefined;
  }
}

async function holesBefore(
  last: string,
  { symbol, interval, source, begin }: Sync,
  { first_date, calendar }: SeriesState,
  ctx: Context,
): Promise<DateRange[]> {
  const of = { symbol, interval, source };
  const { dates } = await ctx.request("market.get_dates", of, Dates);
  const range = { since: later(begin, first_date ?? begin), until: last };
  const stored = { interval, calendar, dates };
  if (missingSessions(stored, range).length === 0) return [];
  const { absences } = await ctx.request("market.get_absences", of, Absences);
  return holesToFetch(stored, range, absences, ctx.now());
}

/** Remembers what the source lacks of what it was asked; gives how many sessions are missing. */
async function noteWhatLacks(
  { symbol, interval, source, begin }: Sync,
  askedFor: readonly DateRange[],
  ctx: Context,
): Promise<number> {
  const of = { symbol, interval, source };
  const { first_date, last_date, calendar } = await ctx.request(
    "market.get_series",
    of,
    SeriesState,
  );
  if (first_date === null || last_date === null) return 0;
  const { dates } = await ctx.request("market.get_dates", of, Dates);
  const stored: Stored = { interval, calendar, dates };
  const within = ({ since, until }: DateRange): string[] =>
    missingSessions(stored, {
      since: later(since, first_date),
      until: until < last_date ? until : last_date,
    });
  const absent = askedFor.flatMap(within);
  const isWhole = askedFor.some(({ since }) => since <= begin);
  if (absent.length > 0 || isWhole) {
    const note = { ...of, absent, ...isWhole ? { from: begin } : {} };
    await ctx.request("market.note_asked", note, Noted);
  }
  return within({ since: begin, until: last_date }).length;
}

/** The first date to fetch; undefined: the whole period, because the store has not its begin. */
function sinceOf({ begin, interval }: Sync, state: SeriesState): string | undefined {
  const { first_date, last_date, asked_from } = state;
  if (first_date === null || last_date === null) return undefined;
  // where the source was asked before, it has nothing further back
  if (asked_from !== null && asked_from <= begin) return last_date;
  // a week's slack: the period's begin need be no session
  const slackDays = interval === "1mo" ? 38 : 7;
  const beginMax = Temporal.PlainDate.from(begin).add({ days: slackDays }).toString();
  return first_date <= beginMax ? last_date : undefined;
}

/** Whether a history tells of a split or dividend that the stored bars are not restated for. */
async function tellsNews(
  { events }: History,
  { symbol, interval, source }: Sync,
  ctx: Context,
): Promise<boolean> {
  if (events.length === 0) return false;
  const of = { symbol, interval, source };
  const known = await ctx.request("market.get_restated", of, Restated);
  const keys = new Set(known.events.map(({ kind, date }) => `${kind} ${date}`));
  return events.some(({ kind, date }) => !keys.has(`${kind} ${date}`));
}

function earlier(a: string, b: string): string {
  return a < b ? a : b;
}

function later(a: string, b: string): string {
  return a > b ? a : b;
}

function endMs({ until }: DateRange): number {
  return Date.parse(until) + dayMs;
}
