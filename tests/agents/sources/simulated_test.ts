/** The simulated market is always the same, sound, and of one piece. */

import assert from "node:assert/strict";
import fc from "fast-check";
import {
  Bar,
  type History,
  Interval,
  Period,
  splitAdjusted,
  splitRatio,
  symbolPattern,
} from "100ac";
import { sessionsBetween } from "100ac/calendar";
import {
  simulatedHistory,
  type SimulatedMarket,
  simulatedQuote,
} from "../../../agents/sources/_simulated/market.ts";
import simulated from "../../../agents/sources/simulated.ts";
import { failsWith, fetchQuotes } from "./call_source.ts";

const market = (now: string, seed = 1): SimulatedMarket => ({ seed, nowMs: Date.parse(now) });
const saturday = market("2026-01-17T12:00:00Z");

Deno.test("the simulated market is the same on every machine", () => {
  // values of the first run, written down: a change of any of them is a change of the market
  const { price, day_high, day_low, volume } = simulatedQuote("ZZTOP", saturday);
  assert.deepEqual({ price, day_high, day_low, volume }, {
    "price": 41.03,
    "day_high": 42.16,
    "day_low": 41.02,
    "volume": 425044,
  });
  const history = simulatedHistory({ symbol: "TSLA", period: "10y", interval: "1d" }, saturday);
  assert.deepEqual(history.bars[0], {
    "start": "2016-01-19T14:30:00.000Z",
    "date": "2016-01-19",
    "open": 56.38,
    "high": 57.6,
    "low": 55.52,
    "close": 55.52,
    "adjusted_close": null,
    "volume": 15811912,
  });
});

Deno.test("well-known symbols have the prices they are known for", async () => {
  const { quotes } = await fetchQuotes(simulated, ["AAPL", "MSFT", "GOOGL", "TSLA", "NVDA"], {
    nowMs: saturday.nowMs,
  });
  assert.deepEqual(quotes.map(({ price }) => price), [258.71, 457.26, 333.35, 442.15, 188.88]);
  assert.ok(quotes.every(({ name }) => name?.endsWith("(simulated)")));
});

Deno.test("another seed is another market", () => {
  const later = "2026-06-17T15:00:00Z";
  const [one, two] = [1, 2].map((seed) => simulatedQuote("AAPL", market(later, seed)).price);
  assert.notEqual(one, two);
});

Deno.test("symbols that begin with MISSING are unknown", () => {
  assert.throws(() => simulatedQuote("MISSING", saturday), failsWith("not_found"));
  assert.throws(() => simulatedQuote("MISSING.L", saturday), failsWith("not_found"));
  const input = { symbol: "MISSING1", period: "1mo", interval: "1d" } as const;
  assert.throws(() => simulatedHistory(input, saturday), failsWith("not_found"));
});

Deno.test("before its first session there is no market", () => {
  const before = market("1999-12-31T20:00:00Z");
  assert.throws(() => simulatedQuote("AAPL", before), failsWith("not_found"));
  const input = { symbol: "AAPL", period: "max", interval: "1d" } as const;
  assert.throws(() => simulatedHistory(input, before), failsWith("not_found"));
  const { bars } = simulatedHistory(input, market("2000-01-05T22:00:00Z"));
  assert.deepEqual(bars.map(({ date }) => date), ["2000-01-03", "2000-01-04", "2000-01-05"]);
});

Deno.test("daily bars stand on the sessions of XNYS, half days and closures included", () => {
  const { bars } = simulatedHistory({ symbol: "AAPL", period: "max", interval: "1d" }, saturday);
  const sessions = sessionsBetween("XNYS", "2000-01-03", "2026-01-17");
  assert.deepEqual(bars.map(({ date }) => date), sessions.map(({ date }) => date));
  assert.deepEqual(
    bars.map(({ start }) => Date.parse(start)),
    sessions.map(({ openAtMs }) => openAtMs),
  );
});

const symbols = fc.oneof(fc.constantFrom("AAPL", "TSLA"), fc.stringMatching(symbolPattern))
  .filter((symbol) => !symbol.startsWith("MISSING"));
const instants = fc.date({
  min: new Date("2001-01-01"),
  max: new Date("2060-01-01"),
  noInvalidDate: true,
}).map((date) => date.getTime());
/** Instants in and around the hours of trading, half days among them. */
const tradingInstants = fc.constantFrom(
  ...["2025-11-28T14:00Z", "2026-01-16T14:00Z", "2026-07-02T13:00Z", "2028-07-03T13:00Z"]
    .map(Date.parse),
).chain((from) => fc.integer({ min: from, max: from + 10 * 3_600_000 }));
const seeds = fc.integer();

Deno.test("quotes and bars are sound at any instant, for any symbol and seed", () => {
  const nows = fc.oneof(instants, tradingInstants);
  fc.assert(fc.property(symbols, nows, seeds, (symbol, nowMs, seed) => {
    const quote = simulatedQuote(symbol, { seed, nowMs });
    const daily = simulatedHistory({ symbol, period: "5d", interval: "1d" }, { seed, nowMs });
    const last = daily.bars.at(-1);
    assert.ok(quote !== undefined && last !== undefined);
    assert.equal(daily.bars.length, 5);
    assert.equal(quote.as_of, daily.as_of);
    assert.ok(Date.parse(quote.as_of) <= nowMs);
    assert.deepEqual(
      [quote.price, quote.open, quote.day_high, quote.day_low, quote.volume],
      [last.close, last.open, last.high, last.low, last.volume],
    );
    const before = splitAdjusted(daily.bars, daily.events).at(-2)?.close;
    assert.ok(Math.abs((quote.previous_close ?? NaN) - (before ?? NaN)) < 0.02);
    for (const bar of daily.bars) assertSound(bar);
  }));
});

function assertSound({ open, high, low, close, volume }: Bar): void {
  assert.ok(high >= Math.max(open, close), "high");
  assert.ok(low <= Math.min(open, close) && low > 0, "low");
  assert.ok(Number.isInteger(volume) && (volume ?? -1) >= 0, "volume");
}

Deno.test("bars of any length, put together, are the day's bar", () => {
  const intervals = fc.constantFrom<Interval>("1m", "2m", "5m", "15m", "30m", "1h");
  const nows = fc.oneof(instants, tradingInstants);
  fc.assert(
    fc.property(symbols, nows, intervals, (symbol, nowMs, interval) => {
      const history = (interval: Interval): History =>
        simulatedHistory({ symbol, period: "1d", interval }, { seed: 1, nowMs });
      const bars = history(interval).bars;
      for (const bar of bars) assertSound(bar);
      const joined: Partial<Bar> = {
        open: bars[0]?.open ?? NaN,
        high: Math.max(...bars.map(({ high }) => high)),
        low: Math.min(...bars.map(({ low }) => low)),
        close: bars.at(-1)?.close ?? NaN,
        volume: bars.reduce((total, { volume }) => total + (volume ?? 0), 0),
      };
      const { open, high, low, close, volume } = history("1d").bars[0] ?? {};
      assert.deepEqual(joined, { open, high, low, close, volume });
    }),
    { numRuns: 40 },
  );
});

Deno.test("what a later instant sees of the past is what an earlier one saw", () => {
  const hours = fc.integer({ min: 1, max: 24 * 40 });
  fc.assert(
    fc.property(symbols, instants, hours, (symbol, nowMs, later) => {
      const at = (nowMs: number): readonly Bar[] =>
        simulatedHistory({ symbol, period: "6mo", interval: "1h" }, { seed: 1, nowMs }).bars;
      // the bar under way when it is seen first is not over yet
      const seen = at(nowMs).slice(0, -1);
      const byStart = new Map(at(nowMs + later * 3_600_000).map((bar) => [bar.start, bar]));
      const common = seen.filter(({ start }) => byStart.has(start));
      assert.ok(common.length > 0);
      for (const bar of common) assert.deepEqual(byStart.get(bar.start), bar);
    }),
    { numRuns: 10 },
  );
});

Deno.test("a split divides the prices that follow it and multiplies the volumes", () => {
  const asked = { symbol: "TSLA", period: "max", interval: "1d" } as const;
  const { bars, events, basis } = simulatedHistory(asked, saturday);
  const [split, ...others] = events.filter(({ kind }) => kind === "split");
  assert.ok(split !== undefined && others.length === 0);
  assert.equal(basis, "traded");
  const day = bars.findIndex(({ date }) => date === split.date);
  const [before, after] = [bars[day - 1], bars[day]];
  assert.ok(before !== undefined && after !== undefined);
  assert.ok(Math.abs(after.open / before.close * splitRatio(split) - 1) < 0.2);
  const closes = splitAdjusted(bars, events).map(({ close }) => close);
  for (const [index, close] of closes.entries()) {
    assert.ok(Math.abs(close / (closes[index - 1] ?? close) - 1) < 0.4, String(index));
  }
  const volumes = (from: number): number =>
    bars.slice(from, from + 250).reduce((sum, { volume }) => sum + (volume ?? 0), 0) / 250;
  const factor = volumes(day) / volumes(day - 250) / splitRatio(split);
  assert.ok(factor > 0.5 && factor < 2, String(factor));
});

Deno.test("every period and interval gives bars or is refused", () => {
  for (const period of Period.options) {
    for (const interval of Interval.options) {
      try {
        const { bars } = simulatedHistory({ symbol: "AAPL", period, interval }, saturday);
        assert.ok(bars.length > 0, `${period} of ${interval}`);
      } catch (thrown) {
        assert.ok(failsWith("bad_request")(thrown));
      }
    }
  }
});

Deno.test("ten years of daily bars are there in under 50 ms", () => {
  const taken = Array.from({ length: 5 }, () => {
    const begunAt = performance.now();
    simulatedHistory({ symbol: "AAPL", period: "10y", interval: "1d" }, saturday);
    return performance.now() - begunAt;
  });
  // the best of them: the machine may be busy with something else
  assert.ok(Math.min(...taken) < 50, `took ${taken.map(Math.round).join(", ")} ms`);
});
