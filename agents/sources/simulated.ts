/**
 * The simulated market as a source: `AC100_MARKET_DATA=simulated`. Needs no network and no
 * permission; see _simulated/market.ts for what it promises.
 */

import { type AgentContext, z } from "100ac";
import { freshnessOf } from "../_lib/source/freshness.ts";
import {
  simulatedEventsOf,
  simulatedHistory,
  type SimulatedMarket,
  simulatedQuote,
} from "./_simulated/market.ts";
import { defineSource, quotesOneByOne } from "../_lib/source/agent.ts";
import { localPolicy } from "../_lib/source/defaults.ts";
import type { Answered } from "../_lib/source/policy.ts";

const Config = z.object({ seed: z.int().default(1) });
type Context = AgentContext<z.output<typeof Config>>;

const policy = localPolicy("simulated");

export default defineSource({
  id: "simulated",
  description: "A deterministic made-up market: quotes and bars of any symbol, marked simulated",
  simulated: true,
  config: Config,
  source: {
    quotes: (asked, ctx) =>
      quotesOneByOne(asked, async (symbol) => {
        const make = (market: SimulatedMarket) => simulatedQuote(symbol, market);
        return (await ask(["quote", symbol], ctx, make)).answer;
      }),
    async history(input, ctx) {
      const make = (market: SimulatedMarket) => simulatedHistory(input, market);
      return (await ask(["history", input], ctx, make)).answer;
    },
    async events(symbol, ctx) {
      const make = (market: SimulatedMarket) => simulatedEventsOf(symbol, market);
      const answered = await ask(["events", symbol], ctx, make);
      const told = { symbol, events: answered.answer, source: "simulated" };
      return { ...told, basis: "traded", ...freshnessOf(answered) };
    },
    status: () => policy.status,
  },
});

/** What the market makes of a question at this instant. */
function ask<Answer>(
  question: unknown,
  { config, now, signal }: Context,
  make: (market: SimulatedMarket) => Answer,
): Promise<Answered<Answer>> {
  const market = { seed: config.seed, nowMs: now() };
  const key = JSON.stringify([market, question]);
  return policy.ask(key, signal, () => Promise.try(make, market));
}
