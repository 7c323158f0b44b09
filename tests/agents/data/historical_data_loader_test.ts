import assert from "node:assert/strict";
import {
  AppError,
  type Bar,
  type ErrorCode,
  type Finding,
  History,
  type Interval,
  type Missing,
  type Period,
  z,
} from "100ac";
import { sessionsBetween } from "100ac/calendar";
import agent from "../../../agents/data/historical_data_loader.ts";
import { type AgentTrial, tryAgent } from "../agent_context.ts";
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

interface Asked {
  readonly symbol: string;
  readonly interval: Interval;
  readonly period: Period;
}

interface FakeMarket extends AgentTrial {
  readonly savedFindings: Finding[];
  /** The most requests for a history that were open at once. */
  openMax: number;
}

type Answer = (asked: Asked) => History;

const bars = sessionsBetween("XNYS", "2024-07-01", "2024-07-09").map(({ date }) => barOf(date));
const wholeHistory: Answer = ({ symbol, interval }) => historyOf(symbol, bars, { interval });

/** A source that answers as told, and a store of bars by symbol, interval and source. */
function marketOf(answer: Answer = wholeHistory): FakeMarket {
  const stored = new Map<string, Bar[]>();
  const savedFindings: Finding[] = [];
  const keyOf = (at: { symbol: string; interval: string; source: string }): string =>
    `${at.symbol} ${at.interval} ${at.source}`;
  let open = 0;
  const trial = tryAgent(agent, {
    config: { sources: ["fake"] },
    nowMs,
    handlers: {
      "fake.fetch_history": async (asked: Asked) => {
        open++;
        market.openMax = Math.max(market.openMax, open);
        // lets the others begin, as an answer from afar would
        await Promise.resolve();
        open--;
        return answer(asked);
      },
      "market.save_bars": ({ history }: { history: History }) => {
        stored.set(keyOf(history), history.bars);
        return { inserted: history.bars.length, changed: 0, revised: 0 };
      },
      "market.save_findings": ({ findings }: { findings: Finding[] }) => {
        savedFindings.push(...findings);
        return { saved: findings.length };
      },
      "market.get_series": (at: { symbol: string; interval: string; source: string }) => {
        const kept = stored.get(keyOf(at)) ?? [];
        const [first_date, last_date] = [kept[0]?.date ?? null, kept.at(-1)?.date ?? null];
        const untold = { currency: null, timezone: null, calendar: null, asked_from: null };
        const nothing = { events_pending: 0, quarantined: 0 };
        return { bars: kept.length, first_date, last_date, ...untold, ...nothing };
      },
      "market.quarantine_bars": () => ({ saved: 1 }),
      "market.get_dates": (at: { symbol: string; interval: string; source: string }) => ({
        dates: (stored.get(keyOf(at)) ?? []).map(({ date }) => date),
      }),
      "market.get_bars": (
        { before = "9", limit, ...at }: {
          symbol: string;
          interval: string;
          source: string;
          before?: string;
          limit: number;
        },
      ) => ({
        bars: (stored.get(keyOf(at)) ?? []).filter(({ start }) => start < before).slice(-limit),
      }),
    },
  });
  const market: FakeMarket = Object.assign(trial, { savedFindings, openMax: 0 });
  return market;
}

function failsWith(code: ErrorCode, message: RegExp): (thrown: unknown) => boolean {
  return (thrown) =>
    thrown instanceof AppError && thrown.code === code && message.test(thrown.message);
}

function failing(code: ErrorCode): never {
  throw new AppError(code, `Cannot load: ${code}; wait`);
}

Deno.test("load_history gives a History with its counts, stores it and tells of it", async () => {
  const market = marketOf();
  const loaded = await market.invoke<Summary>("load_history", { symbol: "aapl" });
  assert.deepEqual(loaded, {
    ...historyOf("AAPL", bars),
    bars_loaded: 6,
    bars_rejected: 0,
    bars_revised: 0,
    first_date: "2024-07-01",
    last_date: "2024-07-09",
    findings: [],
  });
  History.parse(loaded);
  assert.deepEqual(market.asked("fake.fetch_history"), [
    { symbol: "AAPL", period: "1mo", interval: "1d" },
  ]);
  assert.deepEqual(market.asked("market.save_bars"), [
    { history: historyOf("AAPL", bars), restated: false },
  ]);
  assert.deepEqual(market.events, [{
    topic: "market.bars_loaded",
    body: {
      symbol: "AAPL",
      interval: "1d",
      source: "fake",
      bars_loaded: 6,
      first_date: "2024-07-01",
      last_date: "2024-07-09",
    },
  }]);
});

Deno.test("load_history keeps a broken bar out and counts it", async () => {
  const broken = bars.map((bar, index) => index === 0 ? { ...bar, close: 0 } : bar);
  const market = marketOf(({ symbol }) => historyOf(symbol, broken));
  const loaded = await market.invoke<Summary>("load_history", { symbol: "AAPL" });
  assert.deepEqual([loaded.bars_loaded, loaded.bars_rejected], [5, 1]);
  assert.equal(loaded.first_date, "2024-07-02");
  assert.deepEqual(loaded.findings.map(({ rule }) => rule), ["non_positive_price"]);
  assert.deepEqual(market.savedFindings, loaded.findings);
  assert.deepEqual(market.asked("market.save_bars"), [
    { history: historyOf("AAPL", bars.slice(1)), restated: false },
  ]);
});

Deno.test("load_history without a sound bar stores nothing but the finding", async () => {
  const market = marketOf(({ symbol }) => historyOf(symbol, []));
  const loaded = await market.invoke<Summary>("load_history", { symbol: "AAPL" });
  assert.deepEqual([loaded.bars_loaded, loaded.first_date, loaded.last_date], [0, null, null]);
  assert.equal(market.savedFindings.length, 1);
  assert.deepEqual([market.asked("market.save_bars"), market.events], [[], []]);
});

Deno.test("load_history refuses a malformed symbol and passes failures on", async () => {
  await assert.rejects(
    marketOf().invoke("load_history", { symbol: "../../x" }),
    failsWith("bad_request", /^Cannot load history "\.\.\/\.\.\/x": /),
  );
  for (const code of ["not_found", "rate_limited", "source_down"] as const) {
    const market = marketOf(() => failing(code));
    await assert.rejects(
      market.invoke("load_history", { symbol: "AAPL" }),
      failsWith(code, /Cannot load/),
    );
    assert.deepEqual(market.events, []);
  }
});

Deno.test("load_batch_history loads what it can, without bars in its answer", async () => {
  const market = marketOf((asked) =>
    asked.symbol === "NOPE" ? failing("not_found") : wholeHistory(asked)
  );
  const batch = await market.invoke<Batch>("load_batch_history", {
    symbols: ["MSFT", "../x", "NOPE", "aapl", "MSFT"],
    period: "5d",
    interval: "1h",
  });
  assert.deepEqual(batch.histories.map(({ symbol, bars_loaded }) => [symbol, bars_loaded]), [
    ["MSFT", 6],
    ["AAPL", 6],
  ]);
  assert(batch.histories.every((history) => history.bars === undefined));
  assert.deepEqual(batch.missing.map(({ symbol, code }) => [symbol, code]), [
    ["../x", "bad_request"],
    ["MSFT", "duplicate"],
    ["NOPE", "not_found"],
  ]);
  assert.equal(batch.source, "fake");
  assert.equal(market.asked("market.save_bars").length, 2);
});

Deno.test("load_batch_history loads each symbol once, four at a time at most", async () => {
  const market = marketOf();
  const symbols = Array.from({ length: 30 }, (_, n) => `S${n}`);
  const batch = await market.invoke<Batch>("load_batch_history", { symbols });
  assert.deepEqual(batch.histories.map(({ symbol }) => symbol), symbols);
  assert.equal(market.asked("fake.fetch_history").length, 30);
  assert.equal(market.openMax, 4);
});

Deno.test("load_batch_history lists a symbol that the source failed for, and loads the others", async () => {
  const market = marketOf((asked) =>
    asked.symbol === "S2" ? failing("rate_limited") : wholeHistory(asked)
  );
  const symbols = Array.from({ length: 30 }, (_, n) => `S${n}`);
  const { histories, missing } = await market.invoke<Batch>("load_batch_history", { symbols });
  assert.equal(histories.length, 29);
  assert.deepEqual(missing.map(({ symbol, code }) => [symbol, code]), [["S2", "rate_limited"]]);
});

Deno.test("load_batch_history fails when the source fails for all, so that the step is retried", async () => {
  const market = marketOf(() => failing("source_down"));
  await assert.rejects(
    market.invoke("load_batch_history", { symbols: ["AAPL", "MSFT"] }),
    failsWith("source_down", /Cannot load/),
  );
});

Deno.test("get_available_dates and get_bars read what was loaded, and only that", async () => {
  const market = marketOf();
  await market.invoke("load_history", { symbol: "AAPL" });
  assert.deepEqual(await market.invoke("get_available_dates", { symbol: "aapl" }), {
    symbol: "AAPL",
    interval: "1d",
    source: "fake",
    first_date: "2024-07-01",
    last_date: "2024-07-09",
    sessions: 6,
    dates: bars.map(({ date }) => date),
  });
  assert.deepEqual(await market.invoke("get_bars", { symbol: "AAPL" }), {
    symbol: "AAPL",
    interval: "1d",
    source: "fake",
    bars,
  });
});

Deno.test("get_available_dates of a symbol never loaded is empty, not an error", async () => {
  assert.deepEqual(
    await marketOf().invoke("get_available_dates", { symbol: "MSFT", interval: "1h" }),
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
  const market = marketOf();
  const range = { from: "2024-07-01", to: "2024-07-05", limit: 2 };
  await market.invoke("get_bars", { symbol: "AAPL", ...range });
  await market.invoke("get_bars", { symbol: "AAPL", interval: "1h" });
  assert.deepEqual(market.asked("market.get_bars"), [
    { symbol: "AAPL", source: "fake", interval: "1d", ...range },
    { symbol: "AAPL", source: "fake", interval: "1h", limit: 1_000 },
  ]);
});

Deno.test("get_bars puts pages together to the newest bars, up to its limit", async () => {
  const market = marketOf();
  const day = (n: number): string => new Date(Date.UTC(2000, 0, 1 + n)).toISOString().slice(0, 10);
  const history = historyOf("AAPL", Array.from({ length: 7_000 }, (_, n) => barOf(day(n))));
  await market.context.request("market.save_bars", { history }, z.unknown());
  const read = async (limit: number): Promise<string[]> => {
    const answer = await market.invoke<{ bars: Bar[] }>("get_bars", { symbol: "AAPL", limit });
    return answer.bars.map(({ date }) => date);
  };
  const dates = history.bars.map(({ date }) => date);
  assert.deepEqual(await read(100_000), dates);
  assert.deepEqual(await read(6_500), dates.slice(500));
  assert.deepEqual(await read(1), dates.slice(-1));
  assert.equal(market.asked("market.get_bars").length, 8 + 7 + 1);
});

Deno.test("get_bars refuses a range the wrong way round", async () => {
  await assert.rejects(
    marketOf().invoke("get_bars", { symbol: "AAPL", from: "2024-07-05", to: "2024-07-01" }),
    failsWith("invalid_input", /^Cannot read bars "AAPL": from 2024-07-05 is after/),
  );
});
