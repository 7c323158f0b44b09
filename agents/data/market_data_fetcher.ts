/**
 * Current prices. Asks the source only for what the cache does not have. The source checks and
 * stores its quotes before it answers: a crash in between leaves at most a stored quote that is not
 * cached, and the next request asks again.
 */

import {
  type AgentContext,
  AppError,
  defineAgent,
  type ErrorCode,
  Missing,
  Quote,
  QuotesOutput,
  z,
} from "100ac";
import { isOfSource, SourceIds } from "../_lib/source/order.ts";
import {
  requireSymbol,
  sanitizeSymbol,
  shown,
  sortOutSymbols,
  symbolProblem,
} from "../_lib/source/symbols.ts";

const Config = z.object({
  sources: SourceIds,
  quote_ttl_seconds: z.number().positive().default(60),
});
type Context = AgentContext<z.infer<typeof Config>>;

const CheckedQuote = Quote.extend({ cached: z.boolean() });
type CheckedQuote = z.infer<typeof CheckedQuote>;

const Batch = z.object({
  /** In the order of the request. */
  quotes: z.array(Quote),
  missing: z.array(Missing),
  source: z.string(),
  /** How many of the quotes came from the cache. */
  cached: z.int(),
});
type Batch = z.infer<typeof Batch>;

const Verdict = z.object({
  symbol: z.string(),
  valid: z.boolean(),
  /** Why it is not valid. */
  reason: z.string().nullable(),
  /** The name the source knows it by. */
  name: z.string().nullable(),
});
type Verdict = z.infer<typeof Verdict>;

const Stored = z.object({ quotes: z.array(Quote) });

export default defineAgent({
  id: "market_data_fetcher",
  description: "Current prices of symbols, checked and cached",
  config: Config,
  capabilities: {
    fetch_quote: {
      description: "The current quote of one symbol",
      input: z.object({ symbol: z.string() }),
      output: CheckedQuote,
      idempotent: true,
      examples: { "A share": { symbol: "AAPL" } },
      run: ({ symbol }, ctx) => fetchQuote(symbol, ctx),
    },
    fetch_batch: {
      description: "The current quotes of many symbols; what can't be served is listed as missing",
      input: z.object({ symbols: z.array(z.string()).min(1).max(200) }),
      output: Batch,
      idempotent: true,
      examples: { "Good, unknown, malformed": { symbols: ["AAPL", "MISSING1", "../x"] } },
      run: ({ symbols }, ctx) => fetchBatch(symbols, ctx),
    },
    validate_symbol: {
      description: "Whether a symbol is well-formed and known to the source",
      input: z.object({ symbol: z.string() }),
      output: Verdict,
      idempotent: true,
      examples: { "An unknown one": { symbol: "MISSING1" } },
      run: ({ symbol }, ctx) => validateSymbol(symbol, ctx),
    },
    sanitize_symbol: {
      description: "A symbol without spaces and a leading $, in capitals",
      input: z.object({ symbol: z.string() }),
      output: z.object({ symbol: z.string(), original: z.string(), changed: z.boolean() }),
      idempotent: true,
      examples: { "As people write it": { symbol: " $aapl " } },
      run: ({ symbol: original }) => {
        const symbol = sanitizeSymbol(original);
        return { symbol, original, changed: symbol !== original };
      },
    },
  },
});

async function fetchQuote(text: string, ctx: Context): Promise<CheckedQuote> {
  const symbol = requireSymbol(text, "fetch quote");
  const { quotes, missing, cached } = await quotesOf([symbol], ctx);
  const quote = quotes.get(symbol);
  if (quote === undefined) throw missingError(symbol, missing[0], ctx);
  return { ...quote, cached: cached > 0 };
}

async function fetchBatch(entries: readonly string[], ctx: Context): Promise<Batch> {
  const { symbols, refused } = sortOutSymbols(entries);
  const { quotes, missing, cached } = await quotesOf(symbols, ctx);
  return {
    quotes: symbols.flatMap((symbol) => quotes.get(symbol) ?? []),
    missing: [...refused, ...missing],
    source: ctx.config.sources.join(","),
    cached,
  };
}

async function validateSymbol(text: string, ctx: Context): Promise<Verdict> {
  const symbol = sanitizeSymbol(text);
  const problem = symbolProblem(symbol);
  if (problem !== undefined) {
    return { symbol: shown(symbol), valid: false, reason: problem, name: null };
  }
  const { quotes, missing: [missing] } = await quotesOf([symbol], ctx);
  const quote = quotes.get(symbol);
  if (quote !== undefined) return { symbol, valid: true, reason: null, name: quote.name };
  const isUnknown = missing?.code === "not_found" || missing?.code === "bad_request";
  // any other failure says nothing about the symbol, nor does what was not stored
  if (!isUnknown || ctx.asOfMs !== undefined) throw missingError(symbol, missing, ctx);
  return { symbol, valid: false, reason: missing.reason, name: null };
}

interface Quotes {
  readonly quotes: ReadonlyMap<string, Quote>;
  readonly missing: readonly Missing[];
  /** How many came from the cache. */
  readonly cached: number;
}

/** Each of the well-formed, distinct symbols is either among the quotes or among the missing. */
async function quotesOf(symbols: readonly string[], ctx: Context): Promise<Quotes> {
  if (ctx.asOfMs !== undefined) return await storedQuotes(symbols, ctx);
  const known = await Promise.all(
    symbols.map((symbol) => ctx.cache.get(keyOf(symbol, ctx), Quote)),
  );
  const cached = known.filter((quote) => quote !== undefined);
  const wanted = symbols.filter((_, index) => known[index] === undefined);
  const fetched = wanted.length === 0 ? nothing : await fetchShared(wanted, ctx);
  const quotes = new Map([...cached, ...fetched.usable].map((quote) => [quote.symbol, quote]));
  return { quotes, missing: fetched.missing, cached: cached.length };
}

/** As of an earlier instant: the newest that were stored by then; no source is asked. */
async function storedQuotes(symbols: readonly string[], ctx: Context): Promise<Quotes> {
  const quotes = new Map<string, Quote>();
  for (const source of ctx.config.sources) {
    const wanted = symbols.filter((symbol) => !quotes.has(symbol));
    if (wanted.length === 0) break;
    const asked = { source, symbols: wanted };
    const stored = await ctx.request("market.get_quotes", asked, Stored);
    for (const quote of stored.quotes) quotes.set(quote.symbol, quote);
  }
  const reason = `no quote of ${ctx.config.sources.join(", ")} was stored by ` +
    new Date(ctx.now()).toISOString();
  const missing = symbols.filter((symbol) => !quotes.has(symbol))
    .map((symbol) => ({ symbol, code: "not_found", reason }));
  return { quotes, missing, cached: 0 };
}

interface Sorted {
  readonly usable: readonly Quote[];
  readonly missing: readonly Missing[];
}

const nothing: Sorted = { usable: [], missing: [] };

/**
 * Batches that lack the same symbol at once ask for it once: who comes later waits for the one that
 * asks. Should that one be cancelled, the others ask for themselves.
 */
async function fetchShared(symbols: readonly string[], ctx: Context): Promise<Sorted> {
  const waited = symbols.flatMap((symbol) => asking.get(keyOf(symbol, ctx)) ?? []);
  const own = symbols.filter((symbol) => !asking.has(keyOf(symbol, ctx)));
  const answer = own.length === 0 ? Promise.resolve(nothing) : fetchInOrder(own, ctx);
  // who waits takes a failure for no answer and asks again
  const told = answer.catch(() => nothing);
  for (const symbol of own) asking.set(keyOf(symbol, ctx), told);
  try {
    const others = await Promise.all([...new Set(waited)]);
    const mine = await answer;
    const unheard = new Set(symbols.filter((symbol) => !own.includes(symbol)));
    const isWaitedFor = ({ symbol }: { readonly symbol: string }): boolean =>
      unheard.delete(symbol);
    const usable = others.flatMap((other) => other.usable).filter(isWaitedFor);
    const missing = others.flatMap((other) => other.missing).filter(isWaitedFor);
    const late = unheard.size === 0 ? nothing : await fetchInOrder([...unheard], ctx);
    return {
      usable: [...mine.usable, ...usable, ...late.usable],
      missing: [...mine.missing, ...missing, ...late.missing],
    };
  } finally {
    for (const symbol of own) {
      if (asking.get(keyOf(symbol, ctx)) === told) asking.delete(keyOf(symbol, ctx));
    }
  }
}

/** What is being asked for, by its key in the cache; emptied as the answers come. */
const asking = new Map<string, Promise<Sorted>>();

/** What a source lacks the next one is asked for. Fails when none of them answers at all. */
async function fetchInOrder(symbols: readonly string[], ctx: Context): Promise<Sorted> {
  const usable: Quote[] = [];
  let missing: readonly Missing[] = [];
  let failure: AppError | undefined;
  let wanted = symbols;
  for (const source of ctx.config.sources) {
    if (wanted.length === 0) break;
    try {
      const sorted = await fetchFrom(source, wanted, ctx);
      usable.push(...sorted.usable);
      missing = sorted.missing;
      wanted = missing.map(({ symbol }) => symbol);
    } catch (thrown) {
      if (!isOfSource(thrown)) throw thrown;
      failure ??= thrown;
      const { code, message: reason } = thrown;
      const told = new Map(missing.map((entry) => [entry.symbol, entry]));
      missing = wanted.map((symbol) => told.get(symbol) ?? { symbol, code, reason });
    }
  }
  const isAnswered = usable.length > 0 || missing.some(({ code }) => code !== failure?.code);
  if (failure !== undefined && !isAnswered) throw failure;
  return { usable, missing };
}

async function fetchFrom(
  source: string,
  symbols: readonly string[],
  ctx: Context,
): Promise<Sorted> {
  const answer = await ctx.request(`${source}.fetch_quotes`, { symbols }, QuotesOutput);
  const { usable, missing } = sortOutAnswer(symbols, answer);
  // a stale quote is not cached: the next request may get a new one
  const news = usable.filter(({ stale }) => !stale);
  const ttlMs = ctx.config.quote_ttl_seconds * 1000;
  await Promise.all(news.map((quote) => ctx.cache.set(keyOf(quote.symbol, ctx), quote, ttlMs)));
  return { usable, missing };
}

/** Compares the answer with the request: nothing unasked, nothing unanswered. */
function sortOutAnswer(
  symbols: readonly string[],
  answer: z.infer<typeof QuotesOutput>,
): Sorted {
  const unanswered = new Set(symbols);
  const usable = answer.quotes.filter(({ symbol }) => unanswered.delete(symbol));
  const missing = answer.missing.filter(({ symbol }) => unanswered.delete(symbol));
  for (const symbol of unanswered) {
    missing.push({ symbol, code: "not_found", reason: "the source said nothing about it" });
  }
  return { usable, missing };
}

function keyOf(symbol: string, ctx: Context): string {
  return `quote:${ctx.config.sources.join(",")}:${symbol}`;
}

/** What may be the matter with one symbol of a batch; a source's unknown word is no answer. */
const MissingCode = z.enum(
  [
    "not_found",
    "bad_request",
    "bad_answer",
    "rate_limited",
    "unauthorized",
    "source_down",
  ] satisfies ErrorCode[],
).catch("bad_answer");

function missingError(
  symbol: string,
  missing: Missing | undefined,
  { asOfMs }: Context,
): AppError {
  const code = MissingCode.parse(missing?.code);
  const reason = missing?.reason ?? "the source gave no reason";
  const isOfSymbol = code === "not_found" || code === "bad_request";
  const advice = asOfMs !== undefined
    ? "give a later as_of"
    : isOfSymbol
    ? "check the symbol"
    : "try again later";
  return new AppError(code, `Cannot fetch quote "${symbol}": ${reason}; ${advice}`);
}
