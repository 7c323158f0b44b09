/** The loader on a real store, and a source that answers as told. */

import assert from "node:assert/strict";
import {
  AppError,
  type Bar,
  type ErrorCode,
  type Finding,
  type History,
  MarketEvent,
  type Missing,
} from "100ac";
import { sessionsBetween } from "100ac/calendar";
import agent from "../../../agents/data/historical_data_loader.ts";
import { openTempMarket, type TempMarket } from "../../support/temp_market.ts";
import { type AgentTrial, tryAgent } from "../agent_context.ts";
import { type Asked, type FakeSource, fakeSource } from "../fake_source.ts";
import { barOf, historyOf, nowMs } from "../market_values.ts";

interface Summary {
  readonly symbol: string;
  readonly bars_loaded: number;
  readonly bars_rejected: number;
  readonly first_date: string | null;
  readonly last_date: string | null;
  readonly findings: readonly Finding[];
}

interface Batch {
  readonly histories: readonly (Summary & { readonly bars?: unknown })[];
  readonly missing: readonly Missing[];
  readonly source: string;
}

interface Trial extends AsyncDisposable {
  readonly loader: AgentTrial;
  readonly source: FakeSource;
  readonly stored: TempMarket;
  invoke<Answer>(capability: string, input: Record<string, unknown>): Promise<Answer>;
  /** The most requests for a history that were open at once. */
  openMax: number;
}

type Answer = (asked: Asked) => History;

const bars = sessionsBetween("XNYS", "2024-07-01", "2024-07-09").map(({ date, openAtMs }) =>
  barOf(date, { start: new Date(openAtMs).toISOString() })
);
const wholeHistory: Answer = ({ symbol, interval }) => historyOf(symbol, bars, { interval });

async function tryLoader(answer: Answer = wholeHistory): Promise<Trial> {
  const stored = await openTempMarket(() => nowMs);
  let open = 0;
  const source = fakeSource({
    history: async (asked) => {
      open++;
      trial.openMax = Math.max(trial.openMax, open);
      // lets the others begin, as an answer from afar would
      await Promise.resolve();
      open--;
      return answer(asked);
    },
  }, { store: stored.handlers, now: () => nowMs });
  const loader = tryAgent(agent, {
    config: { sources: ["fake"] },
    nowMs,
    handlers: { ...stored.handlers, ...source.handlers },
  });
  const trial: Trial = {
    loader,
    source,
    stored,
    invoke: loader.invoke,
    openMax: 0,
    [Symbol.asyncDispose]: () => stored[Symbol.asyncDispose](),
  };
  return trial;
}

function failsWith(code: ErrorCode, message: RegExp): (thrown: unknown) => boolean {
  return (thrown) =>
    thrown instanceof AppError && thrown.code === code && message.test(thrown.message);
}

function failing(code: ErrorCode): never {
  throw new AppError(code, `Cannot load: ${code}; wait`);
}

Deno.test("load_history gives a History with its counts, as it is stored", async () => {
  await using trial = await tryLoader();
  const loaded = await trial.invoke<Summary>("load_history", { symbol: "aapl" });
  const { basis, events_complete: _, ...history } = historyOf("AAPL", bars);
  assert.deepEqual(loaded, {
    ...history,
    prices: basis,
    bars_loaded: 6,
    bars_rejected: 0,
    bars_revised: 0,
    first_date: "2024-07-01",
    last_date: "2024-07-09",
    findings: [],
  });
  assert.deepEqual(trial.loader.asked("fake.fetch_history"), [
    { symbol: "AAPL", period: "1mo", interval: "1d" },
  ]);
  const saved = trial.source.agent.asked("market.save_bars") as { history: History }[];
  assert.deepEqual(saved.map(({ history }) => history), [historyOf("AAPL", bars)]);
  const { capabilities } = trial.stored.market;
  const stored = await capabilities.get_bars({ symbol: "AAPL", interval: "1d", source: "fake" });
  assert.deepEqual(stored.bars, bars);
  assert.deepEqual(trial.stored.events.map(({ topic }) => topic), ["market.bars_loaded"]);
  assert.deepEqual(trial.loader.events, [], "who stores tells of it");
});

Deno.test("load_history gives split-adjusted prices, and dividends as they were paid", async () => {
  const of = { symbol: "AAPL", source: "fake" };
  const split = MarketEvent.parse(
    { ...of, kind: "split", date: "2024-07-08", numerator: 4, denominator: 1 },
  );
  const dividend = MarketEvent.parse({ ...of, kind: "dividend", date: "2024-07-03", amount: 1 });
  const expected = { ...of, kind: "earnings", date: "2024-07-05", amount: 1 };
  await using trial = await tryLoader(({ symbol }) =>
    historyOf(symbol, bars, { events: [dividend, split] })
  );
  await trial.stored.market.capabilities.save_events({ ...of, events: [expected] }, "fake");
  const loaded = await trial.invoke<{ prices: string; bars: Bar[]; events: MarketEvent[] }>(
    "load_history",
    { symbol: "AAPL" },
  );
  assert.equal(loaded.prices, "split_adjusted");
  assert.deepEqual(loaded.bars.map(({ close }) => close), bars.map(({ close }) => close));
  assert.deepEqual(loaded.events, [{ ...dividend, amount: 4 }, split]);
});

Deno.test("load_history gives the period that was asked for, whatever else is stored", async () => {
  await using trial = await tryLoader(({ symbol, period }) =>
    historyOf(symbol, period === "5d" ? bars.slice(1) : bars)
  );
  await trial.invoke("load_history", { symbol: "AAPL" });
  const dates = async (input: Record<string, unknown>): Promise<string[]> => {
    const loaded = await trial.invoke<{ bars: Bar[] }>("load_history", input);
    return loaded.bars.map(({ date }) => date);
  };
  const all = bars.map(({ date }) => date);
  assert.deepEqual(await dates({ symbol: "AAPL", period: "5d" }), all.slice(1));
  const span = { from: "2024-07-02", to: "2024-07-05" };
  assert.deepEqual(await dates({ symbol: "AAPL", ...span }), all.slice(1, 4));
  assert.deepEqual(trial.loader.asked("fake.fetch_history").at(-1), {
    ...{ symbol: "AAPL", period: "1mo", interval: "1d" },
    ...{ since: "2024-07-02", until: "2024-07-05" },
  });
});

Deno.test("load_history makes weeks and months of stored days", async () => {
  await using trial = await tryLoader();
  for (
    const [interval, dates] of [["1wk", ["2024-07-01", "2024-07-08"]], ["1mo", ["2024-07-01"]]]
  ) {
    const loaded = await trial.invoke<{ bars: Bar[]; interval: string }>("load_history", {
      symbol: "AAPL",
      interval,
    });
    assert.equal(loaded.interval, interval);
    assert.deepEqual(loaded.bars.map(({ date }) => date), dates);
    const total = loaded.bars.reduce((sum, { volume }) => sum + (volume ?? 0), 0);
    assert.equal(total, 6 * (bars[0]?.volume ?? NaN));
  }
  const asked = trial.loader.asked("fake.fetch_history") as Asked[];
  assert.deepEqual(asked.map(({ interval }) => interval), ["1d", "1d"]);
});

Deno.test("load_history keeps a broken bar out and counts it", async () => {
  const broken = bars.map((bar, index) => index === 0 ? { ...bar, close: 0 } : bar);
  await using trial = await tryLoader(({ symbol }) => historyOf(symbol, broken));
  const loaded = await trial.invoke<Summary>("load_history", { symbol: "AAPL" });
  assert.deepEqual([loaded.bars_loaded, loaded.bars_rejected], [5, 1]);
  assert.equal(loaded.first_date, "2024-07-02");
  assert.deepEqual(loaded.findings.map(({ rule }) => rule), ["non_positive_price"]);
});

Deno.test("load_history without a sound bar is empty, with what was found", async () => {
  await using trial = await tryLoader(({ symbol }) => historyOf(symbol, []));
  const loaded = await trial.invoke<Summary>("load_history", { symbol: "AAPL" });
  assert.deepEqual([loaded.bars_loaded, loaded.first_date, loaded.last_date], [0, null, null]);
  assert.equal(loaded.findings.length, 1);
  assert.deepEqual(trial.stored.events, []);
});

Deno.test("load_history fails where the answer contradicts what is stored", async () => {
  let factor = 1;
  await using trial = await tryLoader(({ symbol }) =>
    historyOf(symbol, bars.map((bar) => ({ ...bar, high: 900, close: factor * bar.close })))
  );
  await trial.invoke("load_history", { symbol: "AAPL" });
  factor = 3;
  await assert.rejects(
    trial.invoke("load_history", { symbol: "AAPL" }),
    failsWith("bad_answer", /^Cannot load history "AAPL" from "fake": its bars until .*; nothing /),
  );
  const { bars: stored } = await trial.invoke<{ bars: Bar[] }>("get_bars", { symbol: "AAPL" });
  assert.deepEqual(stored.map(({ close }) => close), bars.map(({ close }) => close));
});

Deno.test("load_history refuses a malformed symbol and passes failures on", async () => {
  await using trial = await tryLoader();
  await assert.rejects(
    trial.invoke("load_history", { symbol: "../../x" }),
    failsWith("bad_request", /^Cannot load history "\.\.\/\.\.\/x": /),
  );
  for (const code of ["not_found", "rate_limited", "source_down"] as const) {
    await using trial = await tryLoader(() => failing(code));
    await assert.rejects(
      trial.invoke("load_history", { symbol: "AAPL" }),
      failsWith(code, /Cannot load/),
    );
    assert.deepEqual(trial.stored.events, []);
  }
});

Deno.test("load_batch_history loads what it can, without bars in its answer", async () => {
  await using trial = await tryLoader((asked) =>
    asked.symbol === "NOPE" ? failing("not_found") : wholeHistory(asked)
  );
  const batch = await trial.invoke<Batch>("load_batch_history", {
    symbols: ["MSFT", "../x", "NOPE", "aapl", "MSFT"],
    period: "5d",
    interval: "1h",
  });
  assert.deepEqual(batch.histories.map(({ symbol, bars_loaded }) => [symbol, bars_loaded]), [
    ["MSFT", 5],
    ["AAPL", 5],
  ]);
  assert(batch.histories.every((history) => history.bars === undefined));
  assert.deepEqual(batch.missing.map(({ symbol, code }) => [symbol, code]), [
    ["../x", "bad_request"],
    ["MSFT", "duplicate"],
    ["NOPE", "not_found"],
  ]);
  assert.equal(batch.source, "fake");
  assert.equal(trial.source.agent.asked("market.save_bars").length, 2);
});

Deno.test("load_batch_history loads each symbol once, four at a time at most", async () => {
  await using trial = await tryLoader();
  const symbols = Array.from({ length: 30 }, (_, n) => `S${n}`);
  const batch = await trial.invoke<Batch>("load_batch_history", { symbols });
  assert.deepEqual(batch.histories.map(({ symbol }) => symbol), symbols);
  assert.equal(trial.loader.asked("fake.fetch_history").length, 30);
  assert.equal(trial.openMax, 4);
});

Deno.test("load_batch_history lists a symbol that the source failed for, and loads the others", async () => {
  await using trial = await tryLoader((asked) =>
    asked.symbol === "S2" ? failing("rate_limited") : wholeHistory(asked)
  );
  const symbols = Array.from({ length: 30 }, (_, n) => `S${n}`);
  const { histories, missing } = await trial.invoke<Batch>("load_batch_history", { symbols });
  assert.equal(histories.length, 29);
  assert.deepEqual(missing.map(({ symbol, code }) => [symbol, code]), [["S2", "rate_limited"]]);
});

Deno.test("load_batch_history fails when the source fails for all, so that the step is retried", async () => {
  await using trial = await tryLoader(() => failing("source_down"));
  await assert.rejects(
    trial.invoke("load_batch_history", { symbols: ["AAPL", "MSFT"] }),
    failsWith("source_down", /Cannot load/),
  );
});

Deno.test("get_available_dates and get_bars read what was loaded, and only that", async () => {
  await using trial = await tryLoader();
  await trial.invoke("load_history", { symbol: "AAPL" });
  assert.deepEqual(await trial.invoke("get_available_dates", { symbol: "aapl" }), {
    symbol: "AAPL",
    interval: "1d",
    source: "fake",
    first_date: "2024-07-01",
    last_date: "2024-07-09",
    sessions: 6,
    dates: bars.map(({ date }) => date),
  });
  assert.deepEqual(await trial.invoke("get_bars", { symbol: "AAPL" }), {
    symbol: "AAPL",
    interval: "1d",
    source: "fake",
    currency: "USD",
    prices: "split_adjusted",
    bars,
    first_seen_late: 0,
  });
});

Deno.test("get_available_dates of a symbol never loaded is empty, not an error", async () => {
  await using trial = await tryLoader();
  assert.deepEqual(
    await trial.invoke("get_available_dates", { symbol: "MSFT", interval: "1h" }),
    {
      symbol: "MSFT",
      interval: "1h",
      source: "fake",
      first_date: null,
      last_date: null,
      sessions: 0,
      dates: [],
    },
  );
});

Deno.test("get_bars passes the range on, and asks for a page at a time", async () => {
  await using trial = await tryLoader();
  const range = { from: "2024-07-01", to: "2024-07-05", limit: 2 };
  await trial.invoke("get_bars", { symbol: "AAPL", ...range });
  await trial.invoke("get_bars", { symbol: "AAPL", interval: "1h" });
  assert.deepEqual(trial.loader.asked("market.get_bars"), [
    { symbol: "AAPL", source: "fake", interval: "1d", ...range },
    { symbol: "AAPL", source: "fake", interval: "1h", limit: 1_000 },
  ]);
});

Deno.test("get_bars puts pages together to the newest bars, up to its limit", async () => {
  await using trial = await tryLoader();
  const day = (n: number): string => new Date(Date.UTC(2000, 0, 1 + n)).toISOString().slice(0, 10);
  const history = historyOf("AAPL", Array.from({ length: 7_000 }, (_, n) => barOf(day(n))));
  await trial.stored.market.capabilities.save_bars({ history }, "fake");
  const read = async (limit: number): Promise<string[]> => {
    const answer = await trial.invoke<{ bars: Bar[] }>("get_bars", { symbol: "AAPL", limit });
    return answer.bars.map(({ date }) => date);
  };
  const dates = history.bars.map(({ date }) => date);
  assert.deepEqual(await read(100_000), dates);
  assert.deepEqual(await read(6_500), dates.slice(500));
  assert.deepEqual(await read(1), dates.slice(-1));
  assert.equal(trial.loader.asked("market.get_bars").length, 8 + 7 + 1);
});

Deno.test("get_bars refuses a range the wrong way round", async () => {
  await using trial = await tryLoader();
  await assert.rejects(
    trial.invoke("get_bars", { symbol: "AAPL", from: "2024-07-05", to: "2024-07-01" }),
    failsWith("invalid_input", /^Cannot read bars "AAPL": from 2024-07-05 is after/),
  );
});

Deno.test("get_bars begins again when the series is restated between two pages", async () => {
  const dates = sessionsBetween("XNYS", "2019-01-02", "2024-07-09").map(({ date }) => date);
  assert.ok(dates.length > 1_000, "more than a page");
  const adjusted = dates.map((date) => barOf(date));
  const split = MarketEvent.parse({
    ...{ symbol: "AAPL", source: "fake", kind: "split", date: "2024-07-08" },
    ...{ numerator: 2, denominator: 1 },
  });
  const basis = "split_adjusted";
  await using trial = await tryLoader(() => historyOf("AAPL", adjusted, { basis }));
  await trial.invoke("load_history", { symbol: "AAPL", period: "max" });
  const { capabilities } = trial.stored.market;
  let pages = 0;
  const loader = tryAgent(agent, {
    config: { sources: ["fake"] },
    nowMs,
    handlers: {
      ...trial.stored.handlers,
      "market.get_bars": async (input: never) => {
        const page = await capabilities.get_bars(input);
        const history = historyOf("AAPL", adjusted, { basis, events: [split] });
        if (++pages === 1) await capabilities.save_bars({ history }, "fake");
        return page;
      },
    },
  });
  const { bars } = await loader.invoke<{ bars: readonly Bar[] }>("get_bars", {
    symbol: "AAPL",
    prices: "traded",
  });
  const ratios = new Set(
    bars.map(({ date, close }) =>
      `${date < split.date ? "before" : "since"} ${close / barOf(date).close}`
    ),
  );
  assert.deepEqual([...ratios], ["before 2", "since 1"]);
  assert.equal(bars.length, dates.length);
});
