/**
 * Price histories: loads bars from the source, checks them, and keeps the sound ones in the
 * store. Loading twice is harmless: the store changes only the bars that differ.
 */

import {
  type AgentContext,
  AppError,
  Bar,
  defineAgent,
  History,
  Interval,
  MarketEvent,
  Missing,
  Period,
  z,
} from "100ac";
import { calendarNames } from "100ac/calendar";
import { asTraded } from "../_lib/history/adjustment.ts";
import { keepHistory, Loaded } from "../_lib/history/keep.ts";
import { loadedBefore, syncedBefore } from "../_lib/history/past.ts";
import { Quality, qualityOf } from "../_lib/history/quality_check.ts";
import { firstAnswer, isOfSource, SourceIds } from "../_lib/source/order.ts";
import { isUnhealthy } from "../_lib/source/policy.ts";
import { readBars, storedSource } from "../_lib/history/stored_series.ts";
import { Synced, syncHistory } from "../_lib/history/sync.ts";
import { requireSymbol, sortOutSymbols } from "../_lib/source/symbols.ts";

const Config = z.object({
  sources: SourceIds,
});
type Context = AgentContext<z.infer<typeof Config>>;

const Span = {
  period: Period.default("1mo"),
  interval: Interval.default("1d"),
};

const LoadedWithoutBars = Loaded.omit({ bars: true });
type LoadedWithoutBars = z.infer<typeof LoadedWithoutBars>;

const Batch = z.object({
  /** In the order of the request. */
  histories: z.array(LoadedWithoutBars),
  missing: z.array(Missing),
  source: z.string(),
});
type Batch = z.infer<typeof Batch>;

const Available = z.object({
  symbol: z.string(),
  interval: Interval,
  source: z.string(),
  first_date: z.iso.date().nullable(),
  last_date: z.iso.date().nullable(),
  /** How many dates there are. */
  sessions: z.int(),
  /** Ascending. */
  dates: z.array(z.iso.date()),
});
type Available = z.infer<typeof Available>;

const StoredBars = z.object({
  symbol: z.string(),
  interval: Interval,
  source: z.string(),
  bars: z.array(Bar),
});
type StoredBars = z.infer<typeof StoredBars>;

const Range = z.object({
  interval: Span.interval,
  from: z.iso.date().optional(),
  to: z.iso.date().optional(),
  /** What was known at that instant: bars and values that came later are left out. */
  as_of: z.iso.datetime().optional(),
  /** `split_adjusted`: later splits taken out; `traded`: as the tape showed them. */
  prices: z.enum(["split_adjusted", "traded"]).default("split_adjusted"),
  /** Of more bars than this the newest are given, oldest first. */
  limit: z.int().min(1).max(100_000).default(10_000),
});
type Range = z.infer<typeof Range>;

/** What the store's capabilities answer. */
const Dates = z.object({ dates: z.array(z.iso.date()) });
const Events = z.object({ events: z.array(MarketEvent) });

export default defineAgent({
  id: "historical_data_loader",
  description: "Price histories of symbols, checked and stored",
  config: Config,
  capabilities: {
    load_history: {
      description: "Loads the bars of one symbol from the source into the store",
      input: z.object({ symbol: z.string(), ...Span }),
      output: Loaded,
      idempotent: true,
      examples: { "A month of daily bars": { symbol: "AAPL", period: "1mo" } },
      run: ({ symbol, period, interval }, ctx) =>
        loadHistory(requireSymbol(symbol, "load history"), period, interval, ctx),
    },
    load_batch_history: {
      description: "Loads the bars of many symbols; what can't be loaded is listed as missing",
      input: z.object({ symbols: z.array(z.string()).min(1).max(500), ...Span }),
      output: Batch,
      idempotent: true,
      examples: { "One unknown, one twice": { symbols: ["AAPL", "aapl", "MISSING1"] } },
      run: ({ symbols, period, interval }, ctx) => loadBatch(symbols, period, interval, ctx),
    },
    sync_history: {
      description:
        "Fetches only the sessions of a symbol that the store lacks, and serves them all",
      input: z.object({ symbol: z.string(), ...Span }),
      output: Synced,
      idempotent: true,
      examples: { "A month of daily bars, fetched once": { symbol: "AAPL", period: "1mo" } },
      run: ({ symbol, ...span }, ctx) => {
        const asked = { symbol: requireSymbol(symbol, "sync history"), ...span };
        return isPast(ctx) ? syncedBefore(asked, ctx) : syncHistory(asked, ctx);
      },
    },
    check_quality: {
      description: "How far the stored bars of a symbol can be trusted, as a score from 0 to 1",
      input: z.object({
        symbol: z.string(),
        interval: Span.interval,
        /** In place of the calendar that the source tells: for one that tells none. */
        calendar: z.enum(calendarNames).optional(),
      }),
      output: Quality,
      idempotent: true,
      examples: {
        "The score of daily bars": { symbol: "AAPL" },
        "By another calendar": { symbol: "BTC-USD", calendar: "24/7" },
      },
      run: ({ symbol, ...asked }, ctx) =>
        qualityOf({ symbol: requireSymbol(symbol, "check quality"), ...asked }, ctx),
    },
    get_available_dates: {
      description: "The dates of which the store has bars of a symbol",
      input: z.object({ symbol: z.string(), interval: Span.interval }),
      output: Available,
      idempotent: true,
      examples: { "Daily bars": { symbol: "AAPL" } },
      run: ({ symbol, interval }, ctx) => getAvailableDates(symbol, interval, ctx),
    },
    get_bars: {
      description: "The bars of a symbol that the store has, between two dates if given",
      input: z.object({ symbol: z.string(), ...Range.shape }),
      output: StoredBars,
      idempotent: true,
      examples: { "As they were traded": { symbol: "AAPL", from: "2026-01-02", prices: "traded" } },
      run: ({ symbol, ...range }, ctx) => getBars(symbol, range, ctx),
    },
  },
});

async function loadHistory(
  symbol: string,
  period: Period,
  interval: Interval,
  ctx: Context,
): Promise<Loaded> {
  const input = { symbol, period, interval };
  if (isPast(ctx)) return await loadedBefore(input, ctx);
  const fetched = await firstAnswer(
    ctx.config.sources,
    (source) => ctx.request(`${source}.fetch_history`, input, History),
  );
  return await keepHistory(fetched, ctx);
}

/** Whether it is asked as of an earlier instant: from the store, not from a source. */
function isPast({ asOfMs }: Context): boolean {
  return asOfMs !== undefined;
}

/** Histories under way at once in a batch: polite to the source, and bounded in memory. */
const parallelMax = 4;

/**
 * A symbol that fails is listed, whatever it fails with; where the source has answered for none of
 * them, the batch fails with its code, so that the step is tried again.
 */
async function loadBatch(
  entries: readonly string[],
  period: Period,
  interval: Interval,
  ctx: Context,
): Promise<Batch> {
  const { symbols, refused } = sortOutSymbols(entries);
  const loaded = new Map<string, LoadedWithoutBars>();
  const missing = new Map<string, Missing>();
  const failures: AppError[] = [];
  // the loaders share one queue: each symbol is taken by exactly one of them
  const queue = symbols.values();
  const loader = async (): Promise<void> => {
    for (const symbol of queue) {
      try {
        const { bars: _, ...summary } = await loadHistory(symbol, period, interval, ctx);
        loaded.set(symbol, summary);
      } catch (thrown) {
        if (!isOfSource(thrown)) throw thrown;
        if (isUnhealthy(thrown) && thrown.code !== "bad_answer") failures.push(thrown);
        missing.set(symbol, { symbol, code: thrown.code, reason: thrown.message });
      }
    }
  };
  await Promise.all(Array.from({ length: parallelMax }, loader));
  if (loaded.size === 0 && failures.length > 0) throw failures[0];
  return {
    histories: symbols.flatMap((symbol) => loaded.get(symbol) ?? []),
    missing: [...refused, ...symbols.flatMap((symbol) => missing.get(symbol) ?? [])],
    source: ctx.config.sources.join(","),
  };
}

async function getAvailableDates(
  text: string,
  interval: Interval,
  ctx: Context,
): Promise<Available> {
  const symbol = requireSymbol(text, "list dates");
  const source = await storedSource(symbol, interval, ctx);
  const { dates } = await ctx.request("market.get_dates", { symbol, interval, source }, Dates);
  return {
    symbol,
    interval,
    source,
    first_date: dates[0] ?? null,
    last_date: dates.at(-1) ?? null,
    sessions: dates.length,
    dates,
  };
}

async function getBars(text: string, range: Range, ctx: Context): Promise<StoredBars> {
  const symbol = requireSymbol(text, "read bars");
  if (range.from !== undefined && range.to !== undefined && range.from > range.to) {
    throw new AppError(
      "invalid_input",
      `Cannot read bars "${symbol}": from ${range.from} is after to ${range.to}; swap them`,
    );
  }
  const { prices, limit, ...query } = range;
  const source = await storedSource(symbol, range.interval, ctx);
  const bars = await readBars({ symbol, source, ...query }, limit, ctx);
  const { events } = prices === "traded"
    ? await ctx.request("market.get_events", { symbol, source, ...knownAt(range) }, Events)
    : { events: [] };
  return { symbol, interval: range.interval, source, bars: asTraded(bars, events) };
}

/** A split that became known later says nothing of bars as they were known before. */
function knownAt({ as_of }: Range): { readonly as_of?: string } {
  return as_of === undefined ? {} : { as_of };
}
