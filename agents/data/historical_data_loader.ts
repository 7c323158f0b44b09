/**
 * Price histories: loads bars from the source, checks them, and keeps the sound ones in the
 * store. Loading twice is harmless: the store changes only the bars that differ.
 */

import {
  type AgentContext,
  AppError,
  Bar,
  defineAgent,
  type ErrorCode,
  Finding,
  History,
  Interval,
  Missing,
  Period,
  z,
} from "100ac";
import { barFindings, isSoundBar } from "../_lib/quality.ts";
import { requireSymbol, sortOutSymbols } from "../_lib/symbols.ts";

const Config = z.object({
  /** The id of the source agent. */
  source: z.string().default("yahoo"),
});
type Context = AgentContext<z.infer<typeof Config>>;

const Span = {
  period: Period.default("1mo"),
  interval: Interval.default("1d"),
};

/** A history as it was stored; `bars` holds the sound ones alone. */
const Loaded = History.extend({
  bars_loaded: z.int(),
  /** Bars with an error: found, logged, and kept out of `bars` and of the store. */
  bars_rejected: z.int(),
  first_date: z.iso.date().nullable(),
  last_date: z.iso.date().nullable(),
  findings: z.array(Finding),
});
type Loaded = z.infer<typeof Loaded>;

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
  /** Of more bars than this the newest are given, oldest first. */
  limit: z.int().min(1).max(100_000).default(10_000),
});
type Range = z.infer<typeof Range>;

/** What the store's capabilities answer. */
const Saved = z.object({ saved: z.int() });
const SavedBars = z.object({ inserted: z.int(), changed: z.int() });
const Dates = z.object({ dates: z.array(z.iso.date()) });
const Bars = z.object({ bars: z.array(Bar) });

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
      run: ({ symbol, period, interval }, ctx) =>
        loadHistory(requireSymbol(symbol, "load history"), period, interval, ctx),
    },
    load_batch_history: {
      description: "Loads the bars of many symbols; what can't be loaded is listed as missing",
      input: z.object({ symbols: z.array(z.string()).min(1).max(100), ...Span }),
      output: Batch,
      idempotent: true,
      run: ({ symbols, period, interval }, ctx) => loadBatch(symbols, period, interval, ctx),
    },
    get_available_dates: {
      description: "The dates of which the store has bars of a symbol",
      input: z.object({ symbol: z.string(), interval: Span.interval }),
      output: Available,
      idempotent: true,
      run: ({ symbol, interval }, ctx) => getAvailableDates(symbol, interval, ctx),
    },
    get_bars: {
      description: "The bars of a symbol that the store has, between two dates if given",
      input: z.object({ symbol: z.string(), ...Range.shape }),
      output: StoredBars,
      idempotent: true,
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
  const fetched = await ctx.request(`${ctx.config.source}.fetch_history`, input, History);
  const findings = barFindings(fetched, ctx.now());
  const bars = fetched.bars.filter((bar) => isSoundBar(fetched.symbol, bar));
  const history = { ...fetched, bars };
  if (findings.length > 0) await ctx.request("market.save_findings", { findings }, Saved);
  if (bars.length > 0) await ctx.request("market.save_bars", { history }, SavedBars);
  const summary = {
    symbol: history.symbol,
    interval: history.interval,
    source: history.source,
    bars_loaded: bars.length,
    first_date: bars[0]?.date ?? null,
    last_date: bars.at(-1)?.date ?? null,
  };
  if (bars.length > 0) ctx.publish("market.bars_loaded", summary);
  return { ...history, ...summary, bars_rejected: fetched.bars.length - bars.length, findings };
}

/** Histories under way at once in a batch: polite to the source, and bounded in memory. */
const parallelMax = 4;

/** What says something about the symbol, and nothing about the source's health. */
const symbolCodes: ReadonlySet<ErrorCode> = new Set(["not_found", "bad_request", "bad_answer"]);

/**
 * A symbol that fails is listed. A source that fails ends the batch with its code, so that the
 * step is retried as a whole; what has been stored until then stays, and loading it again is
 * harmless.
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
  const failures: unknown[] = [];
  // the loaders share one queue: each symbol is taken by exactly one of them
  const queue = symbols.values();
  const loader = async (): Promise<void> => {
    for (const symbol of queue) {
      if (failures.length > 0) return;
      try {
        const { bars: _, ...summary } = await loadHistory(symbol, period, interval, ctx);
        loaded.set(symbol, summary);
      } catch (thrown) {
        if (thrown instanceof AppError && symbolCodes.has(thrown.code)) {
          missing.set(symbol, { symbol, code: thrown.code, reason: thrown.message });
        } else {
          failures.push(thrown);
        }
      }
    }
  };
  await Promise.all(Array.from({ length: parallelMax }, loader));
  if (failures.length > 0) throw failures[0];
  return {
    histories: symbols.flatMap((symbol) => loaded.get(symbol) ?? []),
    missing: [...refused, ...symbols.flatMap((symbol) => missing.get(symbol) ?? [])],
    source: ctx.config.source,
  };
}

async function getAvailableDates(
  text: string,
  interval: Interval,
  ctx: Context,
): Promise<Available> {
  const symbol = requireSymbol(text, "list dates");
  const { source } = ctx.config;
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
  const { source } = ctx.config;
  const { bars } = await ctx.request("market.get_bars", { symbol, source, ...range }, Bars);
  return { symbol, interval: range.interval, source, bars };
}
