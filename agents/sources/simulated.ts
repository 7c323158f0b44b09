/**
 * The simulated market as a source: `AC100_MARKET_DATA=simulated`. Needs no network and no
 * permission; see ../_lib/simulated_market.ts for what it promises.
 */

import {
  defineAgent,
  EventsInput,
  EventsOutput,
  History,
  HistoryInput,
  QuotesInput,
  QuotesOutput,
  SourceStatus,
  z,
} from "100ac";
import { fresh } from "../_lib/freshness.ts";
import {
  simulatedEventsOf,
  simulatedHistory,
  simulatedQuote,
  unknownReason,
} from "../_lib/simulated_market.ts";
import { localPolicy } from "../_lib/source_defaults.ts";
import { splitSymbols } from "../_lib/source_symbols.ts";

const policy = localPolicy("simulated");

export default defineAgent({
  id: "simulated",
  description: "A deterministic made-up market: quotes and bars of any symbol, marked simulated",
  config: z.object({ seed: z.int().default(1) }),
  capabilities: {
    fetch_quotes: {
      description: "Quotes of many symbols, in the order asked; what has none is in missing",
      input: QuotesInput,
      output: QuotesOutput,
      idempotent: true,
      run({ symbols }, ctx) {
        const asked = splitSymbols(symbols);
        const market = { seed: ctx.config.seed, nowMs: ctx.now() };
        const quotes = [];
        const missing = [...asked.refused];
        for (const symbol of asked.symbols) {
          const quote = simulatedQuote(symbol, market);
          if (quote === undefined) {
            missing.push({ symbol, code: "not_found", reason: unknownReason });
          } else {
            quotes.push(quote);
          }
        }
        return { quotes, missing };
      },
    },
    fetch_history: {
      description: "Bars of one symbol, oldest first, up to now",
      input: HistoryInput,
      output: History,
      idempotent: true,
      async run(input, ctx) {
        const market = { seed: ctx.config.seed, nowMs: ctx.now() };
        const key = JSON.stringify([market, input]);
        const make = (): Promise<History> => Promise.try(() => simulatedHistory(input, market));
        return (await policy.ask(key, ctx.signal, make)).answer;
      },
    },
    fetch_events: {
      description: "Dividends, splits and earnings of one symbol, past and upcoming",
      input: EventsInput,
      output: EventsOutput,
      idempotent: true,
      run({ symbol }, ctx) {
        const events = simulatedEventsOf(symbol, { seed: ctx.config.seed, nowMs: ctx.now() });
        return { symbol, events, source: "simulated", ...fresh };
      },
    },
    source_status: {
      description: "How the source does: calls, failures, and whether it is left alone",
      input: z.object({}),
      output: SourceStatus,
      idempotent: true,
      run: () => policy.status,
    },
  },
});
