/**
 * Earnings, dividends and splits of symbols, past and upcoming. Asks the sources in order for what
 * the cache does not have; they store what they answer.
 */

import {
  type AgentContext,
  AppError,
  defineAgent,
  EventsOutput,
  MarketEvent,
  Missing,
  z,
} from "100ac";
import { fresh } from "../_lib/source/freshness.ts";
import { firstAnswer, isOfSource, SourceIds } from "../_lib/source/order.ts";
import { sortOutSymbols } from "../_lib/source/symbols.ts";

const Config = z.object({
  sources: SourceIds,
  events_ttl_seconds: z.number().positive().default(6 * 3_600),
});
type Context = AgentContext<z.infer<typeof Config>>;

const Input = {
  symbols: z.array(z.string()).min(1).max(200),
  kinds: z.array(MarketEvent.shape.kind).min(1).default(["dividend", "split", "earnings"]),
};

const Output = z.object({
  /** By date, the nearest to today first. */
  events: z.array(MarketEvent),
  missing: z.array(Missing),
  /** Symbols whose events are old, because the source fails at the moment. */
  stale: z.array(z.string()),
});

const Stored = z.object({ events: z.array(MarketEvent) });
/** Symbols under way at once. */
const parallelMax = 4;

export default defineAgent({
  id: "market_events_tracker",
  description: "Earnings, dividends and splits of symbols, past and upcoming",
  config: Config,
  capabilities: {
    upcoming_events: {
      description: "What is to come for symbols within the next days, the nearest first",
      input: z.object({ ...Input, days: z.int().min(1).max(366).default(90) }),
      output: Output,
      idempotent: true,
      examples: { "The next quarter's earnings": { symbols: ["AAPL"], kinds: ["earnings"] } },
      async run({ symbols, kinds, days }, ctx) {
        const told = await eventsOf(symbols, ctx);
        const today = dateOf(ctx.now(), 0);
        const until = dateOf(ctx.now(), days);
        const events = told.events
          .filter(({ kind, date }) => kinds.includes(kind) && date > today && date <= until);
        return { ...told, events };
      },
    },
    past_events: {
      description: "What happened to symbols within the last days, the latest first",
      input: z.object({ ...Input, days: z.int().min(1).max(36_600).default(366) }),
      output: Output,
      idempotent: true,
      examples: { "A year, one symbol unknown": { symbols: ["AAPL", "MISSING1"] } },
      async run({ symbols, kinds, days }, ctx) {
        const told = await eventsOf(symbols, ctx);
        const from = dateOf(ctx.now(), -days);
        const today = dateOf(ctx.now(), 0);
        const events = told.events
          .filter(({ kind, date }) => kinds.includes(kind) && date >= from && date <= today);
        return { ...told, events: events.reverse() };
      },
    },
  },
});

type Told = z.infer<typeof Output>;

/** Oldest first. A symbol that fails is missing; when all fail of the source, so does this. */
async function eventsOf(entries: readonly string[], ctx: Context): Promise<Told> {
  const { symbols, refused } = sortOutSymbols(entries);
  const events: MarketEvent[] = [];
  const stale: string[] = [];
  const missing = new Map<string, Missing>();
  const queue = symbols.values();
  const tracker = async (): Promise<void> => {
    for (const symbol of queue) {
      try {
        const told = await toldOf(symbol, ctx);
        events.push(...told.events);
        if (told.stale) stale.push(symbol);
      } catch (thrown) {
        if (!isOfSource(thrown)) throw thrown;
        if (thrown.code !== "not_found" && symbols.length === 1) throw thrown;
        missing.set(symbol, { symbol, code: thrown.code, reason: thrown.message });
      }
    }
  };
  await Promise.all(Array.from({ length: parallelMax }, tracker));
  return {
    events: events.sort((a, b) => a.date < b.date ? -1 : 1),
    missing: [...refused, ...symbols.flatMap((symbol) => missing.get(symbol) ?? [])],
    stale,
  };
}

async function toldOf(symbol: string, ctx: Context): Promise<z.output<typeof EventsOutput>> {
  if (ctx.asOfMs !== undefined) return await storedBefore(symbol, ctx);
  const { sources, events_ttl_seconds: ttlSeconds } = ctx.config;
  const key = `events:${sources.join(",")}:${symbol}`;
  const cached = await ctx.cache.get(key, EventsOutput);
  if (cached !== undefined) return cached;
  const told = await firstAnswer(
    sources,
    (source) => ctx.request(`${source}.fetch_events`, { symbol }, EventsOutput),
  );
  if (told.stale) return told;
  await ctx.cache.set(key, told, ttlSeconds * 1_000);
  return told;
}

/** As of an earlier instant: what was stored by then; no source is asked. */
async function storedBefore(
  symbol: string,
  ctx: Context,
): Promise<z.output<typeof EventsOutput>> {
  const { sources } = ctx.config;
  for (const source of sources) {
    const { events } = await ctx.request("market.get_events", { symbol, source }, Stored);
    if (events.length > 0) return { symbol, events, source, basis: "traded", ...fresh };
  }
  const asOf = new Date(ctx.now()).toISOString();
  throw new AppError(
    "not_found",
    `Cannot read events of "${symbol}": none of ${sources.join(", ")} were stored by ${asOf}; ` +
      "give a later as_of",
  );
}

/** The UTC date some days from now. */
function dateOf(nowMs: number, days: number): string {
  return new Date(nowMs + days * 86_400_000).toISOString().slice(0, 10);
}
