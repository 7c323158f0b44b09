/**
 * The simulated market as a source: `AC100_MARKET_DATA=simulated`. Needs no network and no
 * permission; see ../_lib/simulated_market.ts for what it promises.
 */

import { defineAgent, History, HistoryInput, QuotesInput, QuotesOutput, z } from "100ac";
import { simulatedHistory, simulatedQuote, unknownReason } from "../_lib/simulated_market.ts";
import { splitSymbols } from "../_lib/source_symbols.ts";

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
      run: (input, ctx) => simulatedHistory(input, { seed: ctx.config.seed, nowMs: ctx.now() }),
    },
  },
});
