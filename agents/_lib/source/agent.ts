/** What makes an agent a market source: the four capabilities that every source serves alike. */

import {
  type AgentContext,
  type AgentDefinition,
  AppError,
  defineAgent,
  EventsInput,
  EventsOutput,
  FetchedHistory,
  type History,
  HistoryInput,
  Missing,
  type Permissions,
  Quote,
  QuotesInput,
  QuotesOutput,
  SourceStatus,
  z,
} from "100ac";
import { keepEvents, keepHistory, keepQuotes } from "./keep.ts";
import { splitSymbols } from "./asked_symbols.ts";

/** A source to all who ask; each call may fail with the AppErrors of a market source. */
export interface MarketSource<Context> {
  quotes(asked: readonly string[], ctx: Context): Promise<z.output<typeof QuotesOutput>>;
  history(input: z.output<typeof HistoryInput>, ctx: Context): Promise<History>;
  events(symbol: string, ctx: Context): Promise<z.output<typeof EventsOutput>>;
  status(ctx: Context): SourceStatus;
}

interface SourceDefinition<Config extends z.ZodObject> {
  readonly id: string;
  readonly description: string;
  readonly permissions?: Permissions;
  readonly simulated?: boolean;
  readonly config: Config;
  readonly source: MarketSource<AgentContext<z.output<Config>>>;
}

/** Declares a source as an agent. */
export function defineSource<Config extends z.ZodObject>(
  { source, ...about }: SourceDefinition<Config>,
): AgentDefinition {
  return defineAgent({
    ...about,
    source: about.id,
    capabilities: {
      fetch_quotes: {
        description:
          "Fetches and stores quotes of many symbols, in their order; what has none is in missing",
        input: QuotesInput,
        output: QuotesOutput,
        idempotent: true,
        run: async ({ symbols }, ctx) => await keepQuotes(await source.quotes(symbols, ctx), ctx),
      },
      fetch_history: {
        description: "Fetches and stores bars of one symbol, oldest first, up to now",
        input: HistoryInput,
        output: FetchedHistory,
        idempotent: true,
        run: (input, ctx) => keepHistory(input, (asked) => source.history(asked, ctx), ctx),
      },
      fetch_events: {
        description:
          "Fetches and stores dividends, splits and earnings of one symbol, past and upcoming",
        input: EventsInput,
        output: EventsOutput,
        idempotent: true,
        run: async ({ symbol }, ctx) => await keepEvents(await source.events(symbol, ctx), ctx),
      },
      source_status: {
        description: "How the source does: calls, failures, and whether it is left alone",
        input: z.object({}),
        output: SourceStatus,
        idempotent: true,
        run: (_, ctx) => source.status(ctx),
      },
    },
  });
}

/**
 * Quotes of a source that looks each symbol up by itself: one that fails is missing, with the
 * reason; where the source is down, all do.
 */
export async function quotesOneByOne(
  asked: readonly string[],
  quoteOf: (symbol: string) => Promise<Quote>,
): Promise<z.output<typeof QuotesOutput>> {
  const { symbols, refused } = splitSymbols(asked);
  const quotes: Quote[] = [];
  const missing: Missing[] = [...refused];
  for (const symbol of symbols) {
    try {
      quotes.push(await quoteOf(symbol));
    } catch (thrown) {
      if (!isOfSymbol(thrown)) throw thrown;
      missing.push({ symbol, code: thrown.code, reason: thrown.message });
    }
  }
  return { quotes, missing };
}

function isOfSymbol(thrown: unknown): thrown is AppError {
  return thrown instanceof AppError &&
    ["not_found", "bad_request", "bad_answer"].includes(thrown.code);
}
