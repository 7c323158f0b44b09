/**
 * A loader of histories and its source in a process of their own, to be killed: `URL LOG`. Each
 * round corrects every bar of every symbol, and a bar's close tells the round it is of. The log
 * has a line `began SYMBOL ROUND` before each, and `told SYMBOL ROUND` once it was acknowledged.
 */

import agent from "../../agents/data/historical_data_loader.ts";
import { Market } from "../../core/market/market.ts";
import { openStore } from "../../core/store/sqlite/open.ts";
import { tryAgent } from "../agents/agent_context.ts";
import { fakeSource } from "../agents/fake_source.ts";
import { endWithTest, sayReady } from "./child_script.ts";
import { restatedHistory, restatedNowMs, restatedSymbols, roundOf } from "./restated_history.ts";
import { marketHandlers } from "./temp_market.ts";
import { migrationsFolder } from "./temp_store.ts";

const [url = "", logPath = ""] = Deno.args;
const log = Deno.openSync(logPath, { create: true, append: true });

function note(line: string): void {
  log.writeSync(new TextEncoder().encode(`${line}\n`));
}

// Before anything is open, so that a kill finds every instant of the opening too.
sayReady();
const store = await openStore({
  url,
  migrationsFolder,
  onFatal: (error) => {
    throw error;
  },
});
const market = new Market({
  store,
  sourceOf: (agent) => agent,
  publish: () => {},
  now: () => restatedNowMs,
});
const handlers = marketHandlers(market);
const rounds = new Map<string, number>();

async function load(symbol: string): Promise<never> {
  const of = { symbol, interval: "1d", source: "fake" };
  const { bars: [bar] } = await market.capabilities.get_bars({ ...of, limit: 1 });
  for (let round = roundOf(bar?.close) + 1;; round++) {
    rounds.set(symbol, round);
    note(`began ${symbol} ${round}`);
    await trial.invoke("load_history", { symbol, period: "2y" });
    note(`told ${symbol} ${round}`);
  }
}

const source = fakeSource({
  history: ({ symbol }) => restatedHistory(symbol, rounds.get(symbol) ?? 0),
}, { store: handlers, now: () => restatedNowMs });
const trial = tryAgent(agent, {
  config: { sources: ["fake"] },
  nowMs: restatedNowMs,
  handlers: { ...handlers, ...source.handlers },
});
await Promise.race([endWithTest(), ...restatedSymbols.map(load)]);
