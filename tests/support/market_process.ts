/**
 * A loader of histories in a process of its own, to be killed: `URL LOG`. Each round restates every
 * bar of every symbol, so that a bar's close tells the round it is of. The log has a line
 * `began SYMBOL ROUND` before each, and `told SYMBOL ROUND` once it was acknowledged.
 */

import agent from "../../agents/data/historical_data_loader.ts";
import { Market } from "../../core/market/market.ts";
import { openStore } from "../../core/store/sqlite/open.ts";
import { tryAgent } from "../agents/agent_context.ts";
import { endWithTest, sayReady } from "./child_script.ts";
import { restatedHistory, restatedNowMs, restatedSymbols } from "./restated_history.ts";
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
const market = new Market(store);
const served = Object.entries(market.capabilities).map(([name, run]) =>
  [`market.${name}`, (input: unknown) => run(input, agent.id)] as const
);
const rounds = new Map<string, number>();

async function load(symbol: string): Promise<never> {
  const of = { symbol, interval: "1d", source: "fake" };
  const { bars: [bar] } = await market.capabilities.get_bars({ ...of, limit: 1 });
  for (let round = bar === undefined ? 1 : bar.close + 1;; round++) {
    rounds.set(symbol, round);
    note(`began ${symbol} ${round}`);
    await trial.invoke("load_history", { symbol, period: "2y" });
    note(`told ${symbol} ${round}`);
  }
}

const trial = tryAgent(agent, {
  config: { sources: ["fake"] },
  nowMs: restatedNowMs,
  handlers: {
    ...Object.fromEntries(served),
    "fake.fetch_history": ({ symbol }: { symbol: string }) =>
      restatedHistory(symbol, rounds.get(symbol) ?? 0),
  },
});
await Promise.race([endWithTest(), ...restatedSymbols.map(load)]);
