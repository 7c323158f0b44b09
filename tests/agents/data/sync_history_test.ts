/** Incremental sync on a real store and a source that tells what it was asked. */

import assert from "node:assert/strict";
import { AppError, type Bar, type History, type Interval, type MarketEvent, z } from "100ac";
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
  /** The date of the first bar of a period. */
  begin: string;
  /** Dates that the source has no bar of. */
  readonly lacks: Set<string>;
  /** Set: what a piece of the past fails with. */
  failure: AppError | undefined;
  /** What the source was asked for since the last look: periods and dates. */
  asked(): string[];
  sync(input?: Record<string, unknown>): Promise<Synced>;
}

interface Synced {
  readonly bars: readonly Bar[];
  readonly fetched: number;
  readonly revised: number;
  readonly missing: number;
}

interface Asked {
  readonly since?: string;
  readonly until?: string;
  readonly period: string;
  readonly interval: Interval;
}

async function trySync(): Promise<Trial> {
  const temp = await openTempStore();
  const market = new Market(temp.store, () => trial.agent.nowMs);
  const served = Object.entries(market.capabilities).map(([name, run]) =>
    [`market.${name}`, (input: unknown) => run(input, "historical_data_loader")] as const
  );
  const asked: string[] = [];
  const fetchHistory = ({ since, until, period, interval }: Asked): History => {
    asked.push(until === undefined ? since ?? period : `${since}..${until}`);
    if (until !== undefined && trial.failure !== undefined) throw trial.failure;
    const today = new Date(trial.agent.nowMs).toISOString().slice(0, 10);
    const bars = sessionsBetween("XNYS", since ?? trial.begin, until ?? today)
      .filter(({ date }) => !trial.lacks.has(date))
      .map(({ date }) => barOf(date, { close: trial.close, high: 500 }));
    const events = trial.events.filter(({ date }) => date >= (since ?? ""));
    return historyOf("AAPL", bars, { events, interval });
  };
  const trial: Trial = {
    agent: tryAgent(agent, {
      config: { sources: ["fake"] },
      nowMs: Date.parse("2024-07-10T23:00:00Z"),
      handlers: { ...Object.fromEntries(served), "fake.fetch_history": fetchHistory },
    }),
    close: 230,
    events: [],
    begin: "2024-06-10",
    lacks: new Set(),
    failure: undefined,
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

const dividend: MarketEvent = {
  symbol: "AAPL",
  source: "fake",
  kind: "dividend",
  date: "2024-07-12",
  dated_by: "event",
  amount: 0.25,
  estimate: null,
  numerator: null,
  denominator: null,
  estimated: false,
  currency: null,
};
const split: MarketEvent = {
  ...dividend,
  kind: "split",
  amount: null,
  numerator: 2,
  denominator: 1,
};

Deno.test("news restate the bars, whoever was told of them before", async (t) => {
  const sorts: [string, (trial: Trial) => Promise<unknown>, string[]?][] = [
    ["the events tracker, that stores events alone", (trial) => {
      const { context } = trial.agent;
      const input = { symbol: "AAPL", source: "fake", events: [dividend], complete: true };
      return context.request("market.save_events", input, z.unknown());
    }],
    [
      "a load of a few days",
      (trial) => trial.agent.invoke("load_history", { symbol: "AAPL", period: "5d" }),
      ["2024-06-10"],
    ],
    ["another interval", (trial) => trial.sync({ interval: "1h" })],
  ];
  for (const [title, tell, asked = ["2024-07-10", "2024-06-10"]] of sorts) {
    await t.step(title, async () => {
      await using trial = await trySync();
      await trial.sync();
      trial.agent.nowMs += 2 * dayMs;
      trial.events = [dividend];
      trial.close = 229;
      trial.begin = "2024-07-08";
      await tell(trial);
      trial.begin = "2024-06-10";
      trial.asked();
      const { bars } = await trial.sync();
      assert.deepEqual(trial.asked(), asked);
      assert.ok(bars.every(({ close }) => close === 229));
      await trial.sync();
      assert.deepEqual(trial.asked(), ["2024-07-12"], "and once is enough");
    });
  }
});

Deno.test("a short sync that tells news restates all that is stored", async () => {
  await using trial = await trySync();
  await trial.sync();
  trial.agent.nowMs += 2 * dayMs;
  trial.events = [dividend];
  trial.close = 229;
  await trial.sync({ period: "5d" });
  const { bars } = await trial.sync();
  assert.ok(bars.every(({ close }) => close === 229));
});

Deno.test("traded prices as of an instant know of no split that came later", async () => {
  await using trial = await trySync();
  await trial.sync();
  const before = new Date(trial.agent.nowMs).toISOString();
  trial.agent.nowMs += 2 * dayMs;
  trial.events = [split];
  trial.close = 115;
  await trial.sync();
  const traded = async (asked = {}): Promise<number | undefined> => {
    const input = { symbol: "AAPL", prices: "traded", ...asked };
    return (await trial.agent.invoke<Synced>("get_bars", input)).bars[0]?.close;
  };
  assert.equal(await traded(), 230, "the split is put back in");
  assert.equal(await traded({ as_of: before }), 230, "there was none to put back");
});

Deno.test("a dividend that was not known restates the period, and what was is kept", async () => {
  await using trial = await trySync();
  await trial.sync();
  trial.agent.nowMs += 2 * dayMs;
  trial.events = [dividend];
  trial.close = 229;
  const { revised } = await trial.sync();
  assert.deepEqual(trial.asked(), ["1mo", "2024-07-10", "2024-06-10"]);
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

Deno.test("a hole in the stored bars is fetched, and nothing around it", async () => {
  await using trial = await trySync();
  for (const date of ["2024-06-20", "2024-06-21", "2024-07-02"]) trial.lacks.add(date);
  assert.equal((await trial.sync()).missing, 3);
  trial.lacks.clear();
  trial.agent.nowMs += 2 * dayMs;
  trial.asked();
  const { fetched, missing, bars } = await trial.sync();
  assert.deepEqual(trial.asked(), [
    "2024-07-10",
    "2024-06-20..2024-06-21",
    "2024-07-02..2024-07-02",
  ]);
  assert.deepEqual([fetched, missing], [3 + 3, 0]);
  const dates = sessionsBetween("XNYS", "2024-06-12", "2024-07-12").map(({ date }) => date);
  assert.deepEqual(bars.map(({ date }) => date), dates);
  const { findings } = await trial.agent.invoke<{ findings: { rule: string }[] }>(
    "check_quality",
    { symbol: "AAPL" },
  );
  assert.deepEqual(findings, []);
});

Deno.test("a session that the source lacks is asked for again later and later", async () => {
  await using trial = await trySync();
  trial.lacks.add("2024-06-20");
  await trial.sync({ period: "1y" });
  trial.asked();
  const askedOnDay: number[] = [];
  for (let day = 0; day < 40; day++) {
    assert.equal((await trial.sync({ period: "1y" })).missing, 1);
    if (trial.asked().includes("2024-06-20..2024-06-20")) askedOnDay.push(day);
    trial.agent.nowMs += dayMs;
  }
  assert.deepEqual(askedOnDay, [1, 3, 7, 15, 31]);
});

Deno.test("of many holes, what lies between them is asked for at once", async () => {
  await using trial = await trySync();
  const lacking = ["2024-06-13", "2024-06-17", "2024-06-20", "2024-06-25", "2024-07-02"];
  for (const date of lacking) trial.lacks.add(date);
  await trial.sync();
  trial.lacks.clear();
  trial.agent.nowMs += 1.5 * dayMs;
  trial.asked();
  assert.equal((await trial.sync()).missing, 0);
  assert.deepEqual(trial.asked(), ["2024-07-10", "2024-06-13..2024-07-02"]);
});

Deno.test("a hole that can't be fetched costs nothing but itself", async () => {
  await using trial = await trySync();
  trial.lacks.add("2024-06-20");
  await trial.sync();
  trial.agent.nowMs += 2 * dayMs;
  trial.failure = new AppError("source_down", "Cannot ask: it is down; ask again later");
  const synced = await trial.sync();
  assert.deepEqual([synced.bars.at(-1)?.date, synced.missing], ["2024-07-12", 1]);
  trial.failure = undefined;
  trial.lacks.clear();
  assert.equal((await trial.sync()).missing, 0, "and the next sync asks again at once");
});

Deno.test("a share younger than the period is fetched whole once", async () => {
  await using trial = await trySync();
  await trial.sync({ period: "5y" });
  trial.agent.nowMs += 2 * dayMs;
  await trial.sync({ period: "5y" });
  assert.deepEqual(trial.asked(), ["5y", "2024-07-10"]);
  await trial.sync({ period: "10y" });
  assert.deepEqual(trial.asked(), ["10y"]);
});

Deno.test("the quality is held against the calendar that the source told, or the one given", async () => {
  await using trial = await trySync();
  await trial.sync();
  const quality = (input = {}): Promise<{ calendar: string; missing: number; score: number }> =>
    trial.agent.invoke("check_quality", { symbol: "AAPL", ...input });
  assert.deepEqual([(await quality()).calendar, (await quality()).missing], ["XNYS", 0]);
  const always = await quality({ calendar: "24/7" });
  assert.equal(always.calendar, "24/7");
  assert.ok(always.missing > 8 && always.score < 0.8, "weekends count");
});
