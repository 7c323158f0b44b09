/** Incremental sync on a real store and a source that tells what it was asked. */

import assert from "node:assert/strict";
import { AppError, type Bar, type History, MarketEvent, ratioAfter } from "100ac";
import { sessionsBetween } from "100ac/calendar";
import agent from "../../../agents/data/historical_data_loader.ts";
import { openTempMarket, type TempMarket } from "../../support/temp_market.ts";
import { type AgentTrial, tryAgent } from "../agent_context.ts";
import { type Asked, fakeSource } from "../fake_source.ts";
import { barOf, historyOf } from "../market_values.ts";

interface Trial extends AsyncDisposable {
  readonly agent: AgentTrial;
  readonly stored: TempMarket;
  /** What a share is worth; a split divides it. */
  price: number;
  /** What the source tells from its date on; it takes splits out of its prices. */
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
  closes(input?: Record<string, unknown>): Promise<Record<string, number>>;
}

interface Synced {
  readonly bars: readonly Bar[];
  readonly fetched: number;
  readonly revised: number;
  readonly missing: number;
}

async function trySync(): Promise<Trial> {
  const stored = await openTempMarket(() => trial.agent.nowMs);
  const asked: string[] = [];
  const history = ({ since, until, period, interval }: Asked): History => {
    asked.push(until === undefined ? since ?? period : `${since}..${until}`);
    if (until !== undefined && trial.failure !== undefined) throw trial.failure;
    const today = new Date(trial.agent.nowMs).toISOString().slice(0, 10);
    const known = trial.events.filter(({ date }) => date <= today);
    const bars = sessionsBetween("XNYS", since ?? trial.begin, until ?? today)
      .filter(({ date }) => !trial.lacks.has(date))
      .map(({ date }) => ({
        ...flatBar(date, trial.price / ratioAfter("", known)),
        volume: 1_000 * ratioAfter(date, known),
      }));
    const events = known.filter(({ date }) => date >= (bars[0]?.date ?? ""));
    const as_of = new Date(trial.agent.nowMs).toISOString();
    return historyOf("AAPL", bars, { events, interval, as_of });
  };
  const source = fakeSource({ history }, {
    store: stored.handlers,
    now: () => trial.agent.nowMs,
  });
  const trial: Trial = {
    agent: tryAgent(agent, {
      config: { sources: ["fake"] },
      nowMs: Date.parse("2024-07-10T23:00:00Z"),
      handlers: { ...stored.handlers, ...source.handlers },
    }),
    stored,
    price: 230,
    events: [],
    begin: "2024-06-10",
    lacks: new Set(),
    failure: undefined,
    asked: () => asked.splice(0),
    sync: (input = {}) => trial.agent.invoke("sync_history", { symbol: "AAPL", ...input }),
    closes: async (input = {}) => {
      const asked = { symbol: "AAPL", ...input };
      const { bars } = await trial.agent.invoke<Synced>("get_bars", asked);
      return Object.fromEntries(bars.map(({ date, close }) => [date, close]));
    },
    [Symbol.asyncDispose]: () => stored[Symbol.asyncDispose](),
  };
  return trial;
}

function flatBar(date: string, price: number): Bar {
  return barOf(date, { open: price, high: price, low: price, close: price });
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

const of = { symbol: "AAPL", source: "fake", date: "2024-07-12" };
const dividend = MarketEvent.parse({ ...of, kind: "dividend", amount: 2.3 });
const split = MarketEvent.parse({ ...of, kind: "split", numerator: 2, denominator: 1 });

Deno.test("a split or dividend costs no request more, and adjusts what is stored", async () => {
  await using trial = await trySync();
  const first = await trial.sync();
  const before = new Date(trial.agent.nowMs).toISOString();
  trial.agent.nowMs += 2 * dayMs;
  trial.events = [dividend, split];
  const next = await trial.sync();
  assert.deepEqual(trial.asked(), ["1mo", "2024-07-10"]);
  assert.deepEqual([next.revised, next.bars.length], [0, first.bars.length]);
  assert.ok(next.bars.every(({ close }) => close === 115));
  const closes = async (prices: string, as_of?: string): Promise<(number | undefined)[]> => {
    const found = await trial.closes({ prices, ...as_of === undefined ? {} : { as_of } });
    return [found["2024-07-11"] ?? found["2024-07-10"], found["2024-07-12"]];
  };
  assert.deepEqual(await closes("traded"), [230, 115]);
  assert.deepEqual(await closes("split_adjusted"), [115, 115]);
  assert.deepEqual(await closes("adjusted"), [115 * (1 - 2.3 / 115), 115]);
  for (const prices of ["traded", "split_adjusted", "adjusted"]) {
    assert.deepEqual(await closes(prices, before), [230, undefined], "there was nothing to adjust");
  }
});

Deno.test("whoever is told of a split first, each series is adjusted by it once", async (t) => {
  const sorts: Record<string, (trial: Trial) => Promise<unknown>> = {
    "the events tracker": ({ stored }) =>
      stored.market.capabilities.save_events(
        { symbol: "AAPL", source: "fake", events: [split] },
        "fake",
      ),
    "a load of a few days": ({ agent }) =>
      agent.invoke("load_history", { symbol: "AAPL", period: "5d" }),
    "another interval": (trial) => trial.sync({ interval: "1h" }),
  };
  for (const [title, tell] of Object.entries(sorts)) {
    await t.step(title, async () => {
      await using trial = await trySync();
      await trial.sync();
      trial.agent.nowMs += 2 * dayMs;
      trial.events = [split];
      trial.begin = "2024-07-08";
      await tell(trial);
      trial.begin = "2024-06-10";
      const { bars } = await trial.sync();
      assert.ok(bars.length > 15 && bars.every(({ close }) => close === 115));
      const traded = await trial.closes({ prices: "traded" });
      for (const [date, close] of Object.entries(traded)) {
        assert.equal(close, date < split.date ? 230 : 115, date);
      }
      trial.asked();
      await trial.sync();
      assert.deepEqual(trial.asked(), ["2024-07-12"], "nothing is fetched again");
    });
  }
});

Deno.test("a final bar that the source corrects keeps what it was", async () => {
  await using trial = await trySync();
  await trial.sync();
  trial.agent.nowMs += 2 * dayMs;
  trial.price = 230.1;
  const { revised } = await trial.sync();
  assert.equal(revised, 1);
  const now = await trial.closes();
  assert.deepEqual([now["2024-07-09"], now["2024-07-10"], now["2024-07-12"]], [230, 230.1, 230.1]);
  const as_of = new Date(trial.agent.nowMs - 1).toISOString();
  const before = await trial.closes({ as_of });
  assert.deepEqual([before["2024-07-09"], before["2024-07-10"]], [230, 230]);
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

Deno.test("a hole in the stored bars is fetched with the bar before it, and nothing else", async () => {
  await using trial = await trySync();
  for (const date of ["2024-06-20", "2024-06-21", "2024-07-02"]) trial.lacks.add(date);
  assert.equal((await trial.sync()).missing, 3);
  trial.lacks.clear();
  trial.agent.nowMs += 2 * dayMs;
  trial.asked();
  const { fetched, missing, bars } = await trial.sync();
  assert.deepEqual(trial.asked(), [
    "2024-07-10",
    "2024-06-18..2024-06-21",
    "2024-07-01..2024-07-02",
  ]);
  assert.deepEqual([fetched, missing], [3 + 3 + 2, 0]);
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
    if (trial.asked().includes("2024-06-18..2024-06-20")) askedOnDay.push(day);
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
  assert.deepEqual(trial.asked(), ["2024-07-10", "2024-06-12..2024-07-02"]);
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
