/** Incremental sync on a real store and a source that tells what it was asked. */

import assert from "node:assert/strict";
import { type Bar, type History, type MarketEvent } from "100ac";
import { sessionsBetween } from "100ac/calendar";
import agent from "../../../agents/data/historical_data_loader.ts";
import { Market } from "../../../core/market/market.ts";
import { openTempStore } from "../../support/temp_store.ts";
import { type AgentTrial, tryAgent } from "../agent_context.ts";
import { barOf, historyOf } from "../market_values.ts";

interface Trial extends AsyncDisposable {
  readonly agent: AgentTrial;
  /** Dates up to the clock's day, for the source to tell. */
  close: number;
  events: MarketEvent[];
  /** What the source was asked for since the last look: periods and dates. */
  asked(): string[];
  sync(input?: Record<string, unknown>): Promise<Synced>;
}

interface Synced {
  readonly bars: readonly Bar[];
  readonly fetched: number;
  readonly revised: number;
}

interface Asked {
  readonly since?: string;
  readonly period: string;
}

async function trySync(): Promise<Trial> {
  const temp = await openTempStore();
  const market = new Market(temp.store, () => trial.agent.nowMs);
  const served = Object.entries(market.capabilities).map(([name, run]) =>
    [`market.${name}`, (input: unknown) => run(input, "historical_data_loader")] as const
  );
  const asked: string[] = [];
  const fetchHistory = ({ since, period }: Asked): History => {
    asked.push(since ?? period);
    const today = new Date(trial.agent.nowMs).toISOString().slice(0, 10);
    const bars = sessionsBetween("XNYS", since ?? "2024-06-10", today)
      .map(({ date }) => barOf(date, { close: trial.close, high: 500 }));
    const events = trial.events.filter(({ date }) => date >= (since ?? ""));
    return historyOf("AAPL", bars, { events });
  };
  const trial: Trial = {
    agent: tryAgent(agent, {
      config: { sources: ["fake"] },
      nowMs: Date.parse("2024-07-10T23:00:00Z"),
      handlers: { ...Object.fromEntries(served), "fake.fetch_history": fetchHistory },
    }),
    close: 230,
    events: [],
    asked: () => asked.splice(0),
    sync: (input = {}) => trial.agent.invoke("sync_history", { symbol: "AAPL", ...input }),
    [Symbol.asyncDispose]: () => temp[Symbol.asyncDispose](),
  };
  return trial;
}

const dayMs = 86_400_000;

Deno.test("the first sync fetches the period, the next ones only what is missing since", async () => {
  await using trial = await trySync();
  const first = await trial.sync();
  assert.deepEqual(trial.asked(), ["1mo"]);
  trial.agent.nowMs += 2 * dayMs;
  const next = await trial.sync();
  assert.deepEqual(trial.asked(), ["2024-07-10"]);
  assert.equal(next.fetched, 3);
  assert.equal(next.bars.length, first.bars.length, "two days more, two left behind");
  assert.equal(next.bars.at(-1)?.date, "2024-07-12");
});

Deno.test("a period that begins before the stored bars is fetched whole", async () => {
  await using trial = await trySync();
  await trial.sync();
  await trial.sync({ period: "1y" });
  assert.deepEqual(trial.asked(), ["1mo", "1y"]);
});

Deno.test("a dividend that was not known restates the period, and what was is kept", async () => {
  await using trial = await trySync();
  await trial.sync();
  trial.agent.nowMs += 2 * dayMs;
  const of = { symbol: "AAPL", source: "fake", kind: "dividend", date: "2024-07-12" } as const;
  const unset = { estimate: null, numerator: null, denominator: null, currency: null } as const;
  trial.events = [{ ...of, ...unset, dated_by: "event", estimated: false, amount: 0.25 }];
  trial.close = 229;
  const { revised } = await trial.sync();
  assert.deepEqual(trial.asked(), ["1mo", "2024-07-10", "1mo"]);
  assert.ok(revised > 15, `${revised} revised`);
  await trial.sync();
  assert.deepEqual(trial.asked(), ["2024-07-12"], "known now");
  const as_of = new Date(trial.agent.nowMs - dayMs).toISOString();
  const before = await trial.agent.invoke<Synced>("get_bars", { symbol: "AAPL", as_of });
  assert.ok(before.bars.length > 15);
  assert.ok(before.bars.every(({ close }) => close === 230), "what was known the day before");
});

Deno.test("the quality of what is stored falls with each session that is missing", async () => {
  await using trial = await trySync();
  await trial.sync();
  const score = async (): Promise<number> =>
    (await trial.agent.invoke<{ score: number }>("check_quality", { symbol: "AAPL" })).score;
  assert.equal(await score(), 1);
  trial.agent.nowMs += 7 * dayMs;
  const later = await score();
  assert.ok(later < 0.9 && later > 0.5, String(later));
});
