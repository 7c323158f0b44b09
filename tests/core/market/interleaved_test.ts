/** Saves of a symbol and reads of it take turns: a read sees no save in part. */

import assert from "node:assert/strict";
import { type Bar, type History, MarketEvent } from "100ac";
import { Market } from "../../../core/market/market.ts";
import type { Store } from "../../../core/store/store.ts";
import { historyOf } from "../../agents/market_values.ts";
import { openTempStore } from "../../support/temp_store.ts";
import { flatBar, series } from "./trial.ts";

const dates = ["2024-07-08", "2024-07-09", "2024-07-10", "2024-07-11", "2024-07-12"];
const split = MarketEvent.parse({
  ...{ symbol: "AAPL", source: "fake", kind: "split", date: "2024-07-11" },
  ...{ numerator: 2, denominator: 1 },
});
/** The split is taken out already, before it is reported. */
const adjusted: readonly Bar[] = dates.map((date) => flatBar(date, 100));

function answer(changes: Partial<History> = {}) {
  return { history: historyOf("AAPL", adjusted, { basis: "split_adjusted", ...changes }) };
}

/** A market whose store runs `between` before a read of events. */
async function openBetween(between: (market: Market) => Promise<unknown>) {
  const temp = await openTempStore();
  let isOn = false;
  const store = new Proxy<Store>(temp.store, {
    get(target, name) {
      const value: unknown = Reflect.get(target, name, target);
      if (typeof value !== "function") return value;
      if (name !== "read") return value.bind(target);
      return async (query: Parameters<Store["read"]>[0]) => {
        if (isOn && query.read === "market_events") {
          isOn = false;
          await between(market);
        }
        return await target.read(query);
      };
    },
  });
  const market = new Market({
    store,
    sourceOf: (agent) => agent,
    publish: () => {},
    now: () => Date.parse("2024-07-12T22:00:00Z"),
  });
  return {
    market: market.capabilities,
    arm: () => void (isOn = true),
    [Symbol.asyncDispose]: () => temp[Symbol.asyncDispose](),
  };
}

/** As far as `work` gets in a while: it may have to wait for who calls this. */
async function aWhileOf(work: Promise<unknown>): Promise<void> {
  const { promise, resolve } = Promise.withResolvers<void>();
  const timer = setTimeout(resolve, 50);
  await Promise.race([work, promise]);
  clearTimeout(timer);
}

Deno.test("a save that comes while bars are read is in none or all of them", async () => {
  let saving: Promise<unknown> | undefined;
  await using opened = await openBetween(async ({ capabilities }) => {
    saving = capabilities.save_bars(answer({ events: [split] }), "fake");
    await aWhileOf(saving);
  });
  const { market } = opened;
  await market.save_bars(answer(), "fake");
  opened.arm();
  const { bars } = await market.get_bars(series);
  assert.deepEqual(bars.map(({ close }) => close), [100, 100, 100, 100, 100]);
  await saving;
  const traded = await market.get_bars({ ...series, prices: "traded" });
  assert.deepEqual(traded.bars.map(({ close }) => close), [200, 200, 200, 100, 100]);
});

Deno.test("a split and the bars that have it taken out may be saved at once", async () => {
  for (const isSplitFirst of [true, false]) {
    await using opened = await openBetween(() => Promise.resolve());
    const { market } = opened;
    const saves = [
      () => market.save_events({ symbol: "AAPL", source: "fake", events: [split] }, "fake"),
      () => market.save_bars(answer(), "fake"),
    ];
    await Promise.all((isSplitFirst ? saves : saves.toReversed()).map((save) => save()));
    const { bars } = await market.get_bars(series);
    const closes = new Set(bars.map(({ close }) => close));
    assert.ok(bars.length === 0 || closes.size === 1, `${[...closes]}`);
  }
});
