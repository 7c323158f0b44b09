/** A source checks its answers, stores what is sound, and says what became of the rest. */

import assert from "node:assert/strict";
import { type FetchedHistory, type History, MarketEvent, type Missing, type Quote } from "100ac";
import { openTempMarket, type TempMarket } from "../../../support/temp_market.ts";
import { type Asked, type FakeSource, fakeSource } from "../../fake_source.ts";
import { barOf, historyOf, nowMs, quoteOf } from "../../market_values.ts";

interface Trial extends AsyncDisposable {
  readonly source: FakeSource;
  readonly stored: TempMarket;
  /** What the source answers. */
  history: (asked: Asked) => History;
  quotes: Quote[];
  missing: Missing[];
  fetch(input?: Record<string, unknown>): Promise<FetchedHistory>;
  /** The stored closes by date. */
  closes(): Promise<Record<string, number>>;
  rules(): Promise<string[]>;
}

const series = { symbol: "AAPL", interval: "1d", source: "fake" };

async function tryKeep(): Promise<Trial> {
  const stored = await openTempMarket(() => nowMs);
  const { capabilities } = stored.market;
  const trial: Trial = {
    stored,
    source: fakeSource({
      history: (asked) => trial.history(asked),
      quotes: () => ({ quotes: trial.quotes, missing: trial.missing }),
      events: (symbol) => ({ symbol, source: "fake", events: [], basis: "traded", ...fresh }),
    }, { store: stored.handlers, now: () => nowMs }),
    history: () => historyOf("AAPL", week),
    quotes: [],
    missing: [],
    fetch: (input = {}) => trial.source.invoke("fetch_history", { symbol: "AAPL", ...input }),
    closes: async () => {
      const { bars } = await capabilities.get_bars(series);
      return Object.fromEntries(bars.map(({ date, close }) => [date, close]));
    },
    rules: async () =>
      (await capabilities.get_findings({})).findings.map(({ rule }) => rule).toSorted(),
    [Symbol.asyncDispose]: () => stored[Symbol.asyncDispose](),
  };
  return trial;
}

const fresh = { stale: false, age_seconds: 0 };
const dates = ["2024-07-01", "2024-07-02", "2024-07-03", "2024-07-05", "2024-07-08", "2024-07-09"];
const week = dates.map((date) => barOf(date));
const { close } = barOf("x");

Deno.test("a sound history is stored whole, and its asker told so", async () => {
  await using trial = await tryKeep();
  const { kept, ...history } = await trial.fetch();
  assert.deepEqual(history, historyOf("AAPL", week));
  assert.deepEqual(kept, {
    outcome: "stored",
    reason: null,
    bars: 6,
    rejected: 0,
    revised: 0,
    findings: [],
  });
  assert.deepEqual(await trial.closes(), Object.fromEntries(dates.map((date) => [date, close])));
  assert.deepEqual(await trial.rules(), []);
});

Deno.test("a broken bar is kept apart, and what is sound is stored", async () => {
  await using trial = await tryKeep();
  const broken = week.map((bar, index) => index === 1 ? { ...bar, close: 0 } : bar);
  trial.history = () => historyOf("AAPL", broken);
  const { kept, bars } = await trial.fetch();
  assert.equal(bars.length, 6, "the answer is as the source gave it");
  assert.deepEqual([kept.outcome, kept.bars, kept.rejected], ["stored", 5, 1]);
  assert.deepEqual(kept.findings.map(({ rule }) => rule), ["non_positive_price"]);
  assert.equal((await trial.closes())["2024-07-02"], undefined);
  assert.deepEqual(await trial.rules(), ["non_positive_price"]);
  const { quarantined } = await trial.stored.market.capabilities.get_series(series);
  assert.equal(quarantined, 1);
});

Deno.test("an answer without a sound bar stores nothing but what was found", async () => {
  await using trial = await tryKeep();
  for (const bars of [[], week.map((bar) => ({ ...bar, low: -1 }))]) {
    trial.history = () => historyOf("AAPL", bars);
    const { kept } = await trial.fetch();
    assert.deepEqual([kept.outcome, kept.bars, kept.rejected], ["empty", 0, bars.length]);
    assert.deepEqual(await trial.closes(), {});
  }
  assert.notDeepEqual(await trial.rules(), []);
});

Deno.test("a stale answer is passed on and not stored", async () => {
  await using trial = await tryKeep();
  trial.history = () => historyOf("AAPL", week, { stale: true, age_seconds: 60 });
  const { kept, bars } = await trial.fetch();
  assert.deepEqual([kept.outcome, bars.length], ["stale", 6]);
  trial.quotes = [quoteOf("AAPL", { stale: true, age_seconds: 60 })];
  const { quotes } = await trial.source.invoke<{ quotes: Quote[] }>("fetch_quotes", {
    symbols: ["AAPL"],
  });
  assert.deepEqual(quotes, trial.quotes);
  assert.deepEqual(trial.source.agent.requests, [], "the store was not asked either");
});

Deno.test("weeks and months are passed on and not stored", async () => {
  await using trial = await tryKeep();
  for (const interval of ["1wk", "1mo"] as const) {
    trial.history = () => historyOf("AAPL", week, { interval });
    assert.equal((await trial.fetch({ interval })).bars.length, 6);
  }
  assert.deepEqual(trial.source.agent.requests, []);
});

Deno.test("what was asked for and is not there is remembered", async () => {
  await using trial = await tryKeep();
  trial.history = () => historyOf("AAPL", week.filter(({ date }) => date !== "2024-07-03"));
  await trial.fetch({ since: "2024-07-01" });
  const { get_absences, get_series } = trial.stored.market.capabilities;
  const { absences } = await get_absences(series);
  assert.deepEqual(absences.map(({ date }) => date), ["2024-07-03"]);
  assert.equal((await get_series(series)).asked_from, "2024-07-01");
});

Deno.test("what lies before the period that was asked for is not missed", async () => {
  await using trial = await tryKeep();
  const { get_absences, get_series, save_bars } = trial.stored.market.capabilities;
  // a hole of months between the first bar and the others
  const known = week.filter(({ date }) => date !== "2024-07-03");
  const old = [barOf("2024-01-02"), ...known];
  await save_bars({ history: historyOf("AAPL", old), asked: { until: "2024-01-02" } }, "fake");
  trial.history = () => historyOf("AAPL", known);
  for (const period of ["5d", "1mo"]) {
    await trial.fetch({ period });
    const { absences } = await get_absences(series);
    assert.equal(absences[0]?.date, period === "5d" ? "2024-07-03" : "2024-06-10", period);
  }
  assert.equal((await get_series(series)).asked_from, "2024-06-10");
});

Deno.test("an answer that contradicts what is stored is held back, and told of", async () => {
  await using trial = await tryKeep();
  await trial.fetch();
  const asked: (string | undefined)[] = [];
  const doubled = week.map((bar) => ({ ...bar, high: 500, close: 2 * bar.close }));
  trial.history = ({ since }) => {
    asked.push(since);
    return historyOf("AAPL", doubled.filter(({ date }) => date >= (since ?? "2024-07-05")));
  };
  const { kept, bars } = await trial.fetch({ period: "5d" });
  assert.deepEqual(asked, [undefined, "2024-07-01"], "all that is stored is asked for");
  assert.equal(bars.length, 6);
  assert.equal(kept.outcome, "held_back");
  assert.match(kept.reason ?? "", /are 2\.000 times the stored ones, and no split explains it/);
  assert.deepEqual(kept.findings.map(({ rule }) => rule), ["basis"]);
  assert.deepEqual(await trial.closes(), Object.fromEntries(dates.map((date) => [date, close])));
  assert.ok((await trial.rules()).includes("basis"));
});

Deno.test("a split that changes what is stored has the whole asked for, and stored", async () => {
  await using trial = await tryKeep();
  // the source had taken the split out before it told of it
  const event = { symbol: "AAPL", source: "fake", kind: "split", date: "2024-07-09" };
  const split = MarketEvent.parse({ ...event, numerator: 2, denominator: 1 });
  const adjusted = week.map((bar) => ({ ...bar, high: 500 }));
  trial.history = ({ since }) =>
    historyOf("AAPL", adjusted.filter(({ date }) => date >= (since ?? "2024-07-05")), {
      events: [split],
    });
  await trial.stored.market.capabilities.save_bars(
    { history: historyOf("AAPL", adjusted) },
    "fake",
  );
  const { kept } = await trial.fetch({ period: "5d" });
  assert.equal(kept.outcome, "stored");
  const { bars } = await trial.stored.market.capabilities.get_bars({ ...series, prices: "traded" });
  assert.deepEqual(
    bars.map((bar) => bar.close / close),
    dates.map((date) => date < "2024-07-09" ? 2 : 1),
  );
});

Deno.test("bars that are asked for again to be compared leave no finding", async () => {
  await using trial = await tryKeep();
  trial.history = () => historyOf("AAPL", week.slice(0, 3));
  await trial.fetch();
  const sinces: (string | undefined)[] = [];
  trial.history = ({ since = "" }) => {
    sinces.push(since);
    return historyOf("AAPL", week.filter(({ date }) => date >= since));
  };
  // it shares no bar with the stored ones
  const { kept } = await trial.fetch({ since: "2024-07-08" });
  assert.deepEqual(sinces, ["2024-07-08", "2024-07-03"]);
  assert.equal(kept.outcome, "stored");
  assert.ok(!kept.findings.some(({ rule }) => rule === "basis"));
  assert.ok(!(await trial.rules()).includes("basis"));
});

Deno.test("an answer is asked for from further back as long as that may decide it", async () => {
  await using trial = await tryKeep();
  // the split is taken out before it is reported
  const basis = "split_adjusted";
  trial.history = () => historyOf("AAPL", week.slice(0, 4), { basis });
  await trial.fetch();
  const split = MarketEvent.parse({
    ...{ symbol: "AAPL", source: "fake", kind: "split", date: "2024-07-08" },
    ...{ numerator: 2, denominator: 1 },
  });
  const sinces: string[] = [];
  trial.history = ({ since = "" }) => {
    sinces.push(since);
    const bars = week.filter(({ date }) => date >= since);
    return historyOf("AAPL", bars, { basis, events: [split] });
  };
  const { kept } = await trial.fetch({ since: "2024-07-09" });
  assert.deepEqual(sinces, ["2024-07-09", "2024-07-05", "2024-07-01"]);
  assert.deepEqual([kept.outcome, kept.reason], ["stored", null]);
  assert.equal((await trial.closes())["2024-07-05"], close);
});

Deno.test("a change of currency is an error", async () => {
  await using trial = await tryKeep();
  await trial.fetch();
  trial.history = () => historyOf("AAPL", week, { currency: "GBp" });
  const { kept } = await trial.fetch();
  assert.ok(kept.findings.some(({ rule }) => rule === "currency_change"));
});

Deno.test("a quote with an impossible price is missing, and the others are stored", async () => {
  await using trial = await tryKeep();
  const msft = quoteOf("MSFT");
  trial.quotes = [quoteOf("AAPL", { price: 0 }), msft];
  trial.missing = [{ symbol: "NOPE", code: "not_found", reason: "unknown" }];
  const symbols = ["AAPL", "MSFT", "NOPE"];
  const answer = await trial.source.invoke("fetch_quotes", { symbols });
  assert.deepEqual(answer, {
    quotes: [msft],
    missing: [
      ...trial.missing,
      { symbol: "AAPL", code: "bad_answer", reason: "The price is 0" },
    ],
  });
  const stored = await trial.stored.market.capabilities.get_quotes({ source: "fake", symbols });
  assert.deepEqual(stored.quotes, [msft]);
  assert.deepEqual(await trial.rules(), ["non_positive_price"]);
});

Deno.test("a quote that wants a look is stored, and a value of a wrong type is found", async () => {
  await using trial = await tryKeep();
  trial.quotes = [quoteOf("AAPL", { as_of: "2024-06-01T00:00:00.000Z" })];
  trial.missing = [
    { symbol: "MSFT", code: "bad_answer", reason: "price is a text" },
    { symbol: "../x", code: "bad_answer", reason: "price is a text" },
  ];
  await trial.source.invoke("fetch_quotes", { symbols: ["AAPL", "MSFT", "../x"] });
  assert.deepEqual(await trial.rules(), ["stale", "unreadable"]);
  const asked = trial.source.agent.asked("market.save_quotes");
  assert.deepEqual(asked, [{ quotes: trial.quotes }]);
});

Deno.test("an answer that could not be stored is not given", async () => {
  await using trial = await tryKeep();
  await trial.stored.temp.store.database.script("DROP TABLE bars");
  await assert.rejects(trial.fetch(), /bars/);
});
