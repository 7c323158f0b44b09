/** Market data in a store of its own, for one test: `await using m = await openTempMarket(…)`. */

import { Market } from "../../core/market/market.ts";
import type { Handlers } from "../agents/agent_context.ts";
import { openTempStore, type TempStore } from "./temp_store.ts";

export interface TempMarket extends AsyncDisposable {
  readonly market: Market;
  /** Its capabilities, for agents that ask it. */
  readonly handlers: Handlers;
  /** What it announced. */
  readonly events: { readonly topic: string; readonly body: unknown }[];
  readonly temp: TempStore;
}

/** The agents in `sources` provide the source of their id. */
export async function openTempMarket(
  now: () => number,
  sources: readonly string[] = ["fake"],
): Promise<TempMarket> {
  const temp = await openTempStore();
  const events: { topic: string; body: unknown }[] = [];
  const market = new Market({
    store: temp.store,
    sourceOf: (agent) => sources.includes(agent) ? agent : undefined,
    publish: (topic, body) => void events.push({ topic, body }),
    now,
  });
  return {
    market,
    handlers: marketHandlers(market),
    events,
    temp,
    [Symbol.asyncDispose]: () => temp[Symbol.asyncDispose](),
  };
}

/** The market's capabilities as answers to requests. */
export function marketHandlers({ capabilities }: Market): Handlers {
  const names = Object.entries(capabilities);
  return Object.fromEntries(names.map(([name, run]) => [`market.${name}`, run]));
}
