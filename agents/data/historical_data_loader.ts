/**
 * Price histories: loads bars from the source, checks them, and keeps the sound ones in the
 * store. Loading twice is harmless: the store changes only the bars that differ.
 */

import {
  type AgentContext,
  AppError,
  Bar,
  defineAgent,
  Interval,
  Missing,
  Period,
  Prices,
  z,
} from "100ac";
import { calendarNames } from "100ac/calendar";
import { Loaded, loadHistory } from "../_lib/history/load.ts";
import { loadedBefore, syncedBefore } from "../_lib/history/past.ts";
import { Quality, qualityOf } from "../_lib/history/quality_check.ts";
import { isOfSource, SourceIds } from "../_lib/source/order.ts";
import { isUnhealthy } from "../_lib/source/policy.ts";
import type { Asked } from "../_lib/history/stored_period.ts";
import { readBars, storedInterval, storedSource } from "../_lib/history/stored_series.ts";
import { Synced, syncHistory } from "../_lib/history/sync.ts";
import { requireSymbol, sortOutSymbols } from "../_lib/source/symbols.ts";

const Config = z.object({
  sources: SourceIds,
});
type Context = AgentContext<z.infer<typeof Config>>;

const Span = {
  period: Period.default("1mo"),
  interval: Interval.default("1d"),
  /** Instead of the period: the first local date. */
  from: z.iso.date().optional(),
  /** The last local date; by default the newest there is. */
  to: z.iso.date().optional(),
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
  currency: z.string().nullable(),
  /** What the prices are adjusted by. */
  prices: Prices,
  bars: z.array(Bar),
  /** Bars that were public by `as_of` but were recorded here later. */
  first_seen_late: z.int(),
});
type StoredBars = z.infer<typeof StoredBars>;

const Range = z.object({
  interval: Span.interval,
  from: z.iso.date().optional(),
  to: z.iso.date().optional(),
  /** What was public at that instant: bars and values that came later are left out. */
  as_of: z.iso.datetime().optional(),
  /** What this store held at that instant. */
  recorded_by: z.iso.datetime().optional(),
  /**
   * `traded`: as the tape showed them; `split_adjusted`: later splits taken out, the default;
   * `adjusted`: later splits and dividends taken out.
   */
  prices: Prices.optional(),
  /** Of more bars than this the newest are given, oldest first. */
  limit: z.int().min(1).max(100_000).default(10_000),
});
type Range = z.infer<typeof Range>;

/** What the store's capabilities answer. */
const Dates = z.object({ dates: z.array(z.iso.date()) });

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
      run: ({ symbol, ...span }, ctx) =>
        load(requireSpan({ symbol: requireSymbol(symbol, "load history"), ...span }), ctx),
    },
    load_batch_history: {
      description: "Loads the bars of many symbols; what can't be loaded is listed as missing",
      input: z.object({ symbols: z.array(z.string()).min(1).max(500), ...Span }),
      output: Batch,
      idempotent: true,
      examples: { "One unknown, one twice": { symbols: ["AAPL", "aapl", "MISSING1"] } },
      run: ({ symbols, ...span }, ctx) => loadBatch(symbols, span, ctx),
    },
    sync_history: {
      description:
        "Fetches only the sessions of a symbol that the store lacks, and serves them all",
      input: z.object({ symbol: z.string(), ...Span }),
      output: Synced,
      idempotent: true,
      examples: { "A month of daily bars, fetched once": { symbol: "AAPL", period: "1mo" } },
      run: ({ symbol, ...span }, ctx) => {
        const asked = requireSpan({ symbol: requireSymbol(symbol, "sync history"), ...span });
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

function load(asked: Asked, ctx: Context): Promise<Loaded> {
  return isPast(ctx) ? loadedBefore(asked, ctx) : loadHistory(asked, ctx);
}

function requireSpan(asked: Asked): Asked {
  requireOrder(asked.symbol, asked);
  return asked;
}

function requireOrder(
  symbol: string,
  { from, to }: { readonly from?: string | undefined; readonly to?: string | undefined },
): void {
  if (from === undefined || to === undefined || from <= to) return;
  throw new AppError(
    "invalid_input",
    `Cannot read bars "${symbol}": from ${from} is after to ${to}; swap them`,
  );
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
  span: Omit<Asked, "symbol">,
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
        const { bars: _, ...summary } = await load(requireSpan({ symbol, ...span }), ctx);
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
  const of = { symbol, interval: storedInterval(interval), source };
  const { dates } = await ctx.request("market.get_dates", of, Dates);
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
  requireOrder(symbol, range);
  const { limit, ...query } = range;
  const source = await storedSource(symbol, range.interval, ctx);
  const view = await readBars({ symbol, source, ...query }, limit, ctx);
  return { symbol, interval: range.interval, source, ...view };
}
