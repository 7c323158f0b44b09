/**
 * A folder of CSV files as a source: `AC100_MARKET_DATA=csv`, `AC100_CSV_DIR`. It may read that
 * folder and nothing else; see _csv/market.ts for what the files are like.
 */

import { type AgentContext, AppError, MarketEvent, Prices, z } from "100ac";
import {
  csvBasis,
  csvEvents,
  csvHistory,
  csvKnows,
  type CsvMarket,
  csvQuote,
} from "./_csv/market.ts";
import { freshnessOf } from "../_lib/source/freshness.ts";
import { defineSource, quotesOneByOne } from "../_lib/source/agent.ts";
import { localPolicy } from "../_lib/source/defaults.ts";

const Config = z.object({
  /** Where the files are; by default in the daemon's data folder. */
  folder: z.string().min(1).default("csv").meta({ env: "AC100_CSV_DIR" }),
});

const policy = localPolicy("csv");

export default defineSource({
  id: "csv",
  description: "Quotes, bars and events from a folder of CSV files",
  permissions: { read: [{ config: "folder" }] },
  config: Config,
  source: {
    quotes(asked, ctx) {
      const market = marketOf(ctx);
      return quotesOneByOne(asked, async (symbol) => {
        const key = JSON.stringify(["quote", market.folder, symbol]);
        return (await policy.ask(key, ctx.signal, () => csvQuote(symbol, market))).answer;
      });
    },
    async history(input, ctx) {
      const market = marketOf(ctx);
      const key = JSON.stringify(["history", market.folder, input]);
      const answered = await policy.ask(key, ctx.signal, () => csvHistory(input, market));
      return { ...answered.answer, ...freshnessOf(answered) };
    },
    async events(symbol, ctx) {
      const market = marketOf(ctx);
      const key = JSON.stringify(["events", market.folder, symbol]);
      const answered = await policy.ask(key, ctx.signal, () => eventsOf(symbol, market));
      return { symbol, ...answered.answer, source: "csv", ...freshnessOf(answered) };
    },
    status: () => policy.status,
  },
});

function marketOf({ config, now }: AgentContext<z.output<typeof Config>>): CsvMarket {
  return { folder: config.folder, nowMs: now() };
}

async function eventsOf(
  symbol: string,
  market: CsvMarket,
): Promise<{ readonly events: MarketEvent[]; readonly basis: Prices }> {
  const events = await csvEvents(symbol, market);
  if (events.length > 0 || await csvKnows(symbol, market)) {
    return { events, basis: await csvBasis(market) };
  }
  const found = "no file tells of it; add one";
  throw new AppError("not_found", `Cannot fetch events of "${symbol}": ${found}`);
}
