/** Quotes, events and findings are stored once, and only by the agent that is their source. */

import assert from "node:assert/strict";
import type { Finding, Quote } from "100ac";
import { barOf, historyOf, quoteOf } from "../../agents/market_values.ts";
import { series, tryMarket } from "./trial.ts";

Deno.test("a quote is stored once per instant, with its last values", async () => {
  await using trial = await tryMarket();
  const quotes: Quote[] = [
    quoteOf("AAPL", { market_cap: null }),
    quoteOf("MSFT", { name: null, volume: null }),
  ];
  assert.deepEqual(await trial.market.save_quotes({ quotes }, "fake"), { saved: 2 });
  const later = quoteOf("AAPL", { price: 233, market_cap: 3.5e12 });
  const next = quoteOf("AAPL", { as_of: "2024-07-10T18:00:00.000Z" });
  const simulated = quoteOf("AAPL", { source: "simulated", price: 1 });
  const { save_quotes } = trial.market;
  assert.deepEqual(await save_quotes({ quotes: [later, next] }, "fake"), { saved: 2 });
  assert.deepEqual(await save_quotes({ quotes: [simulated] }, "simulated"), { saved: 1 });
  const rows = await trial.rows(
    "SELECT source, symbol, as_of, price, market_cap FROM quotes ORDER BY source, symbol, as_of",
  );
  const asOfMs = Date.parse("2024-07-10T17:59:00.000Z");
  assert.deepEqual(rows.map((row) => Object.values(row)), [
    ["fake", "AAPL", asOfMs, 233, 3.5e12],
    ["fake", "AAPL", asOfMs + 60_000, 232.98, null],
    ["fake", "MSFT", asOfMs, 232.98, null],
    ["simulated", "AAPL", asOfMs, 1, null],
  ]);
});

function findingOf(changes: Partial<Finding> = {}): Finding {
  return {
    rule: "gap",
    severity: "warning",
    symbol: "AAPL",
    interval: "1d",
    at: "2024-07-09T13:30:00.000Z",
    message: "no bar",
    source: "fake",
    ...changes,
  };
}

Deno.test("a repeated finding is counted, not duplicated", async () => {
  await using trial = await tryMarket();
  const { save_findings } = trial.market;
  const first = trial.nowMs;
  const findings = [findingOf(), findingOf({ rule: "stale", interval: null, at: null })];
  assert.deepEqual(await save_findings({ findings }, "fake"), { saved: 2 });
  trial.nowMs += 5_000;
  const again = [findingOf({ severity: "error", message: "still no bar" })];
  await save_findings({ findings: again }, "fake");
  await save_findings({ findings: [findingOf({ source: "simulated" })] }, "simulated");
  const rows = await trial.rows(
    `SELECT rule, severity, interval, at, message, agent_id, first_seen_at, last_seen_at, seen_count
     FROM data_quality_log WHERE source = 'fake' ORDER BY rule`,
  );
  const at = Date.parse("2024-07-09T13:30:00.000Z");
  assert.deepEqual(rows.map((row) => Object.values(row)), [
    ["gap", "error", "1d", at, "still no bar", "fake", first, trial.nowMs, 2],
    ["stale", "warning", "", 0, "no bar", "fake", first, first, 1],
  ]);
});

Deno.test("findings are listed by symbol and severity, newest first", async () => {
  await using trial = await tryMarket();
  const finding = { rule: "gap", interval: "1d", at: null, message: "m", source: "fake" };
  const save = (symbol: string, severity: string): Promise<unknown> =>
    trial.market.save_findings({ findings: [{ ...finding, symbol, severity }] }, "fake");
  await save("AAPL", "warning");
  trial.nowMs += 1;
  await save("MSFT", "error");
  const list = async (query: Record<string, unknown>): Promise<string[]> =>
    (await trial.market.get_findings(query)).findings.map(({ symbol }) => symbol);
  assert.deepEqual(await list({}), ["MSFT", "AAPL"]);
  assert.deepEqual(await list({ symbol: "AAPL" }), ["AAPL"]);
  assert.deepEqual(await list({ severity: "error", limit: 1 }), ["MSFT"]);
});
Deno.test("a source writes as itself alone", async () => {
  await using trial = await tryMarket();
  const { market } = trial;
  const event = { symbol: "AAPL", source: "fake", kind: "dividend", date: "2024-05-10", amount: 1 };
  const of = { symbol: "AAPL", source: "fake" };
  const bars = [{ bar: barOf("2024-07-08"), reason: "odd" }];
  const writes: [keyof typeof market, unknown][] = [
    ["save_quotes", { quotes: [quoteOf("AAPL")] }],
    ["save_bars", { history: historyOf("AAPL", [barOf("2024-07-08")]) }],
    ["quarantine_bars", { ...series, bars }],
    ["save_events", { ...of, events: [event] }],
    ["save_findings", { findings: [findingOf()] }],
  ];
  const notTheSource = (found: string) => ({
    code: "not_the_source",
    message: new RegExp(`^Cannot save data of source "\\w+" from agent "\\w+": ${found}; `),
  });
  for (const [capability, input] of writes) {
    await assert.rejects(
      market[capability](input, "loader"),
      notTheSource("it provides no source"),
    );
    await assert.rejects(
      market[capability](input, "simulated"),
      notTheSource('it provides the source "simulated"'),
    );
  }
  const mixed: [keyof typeof market, unknown][] = [
    ["save_quotes", { quotes: [quoteOf("AAPL"), quoteOf("MSFT", { source: "simulated" })] }],
    ["save_events", { ...of, events: [event, { ...event, source: "simulated" }] }],
    ["save_findings", { findings: [findingOf(), findingOf({ source: "simulated" })] }],
  ];
  for (const [capability, input] of mixed) {
    await assert.rejects(market[capability](input, "fake"), notTheSource(".*"));
  }
  for (const table of ["quotes", "bars", "quarantined_bars", "market_events", "data_quality_log"]) {
    assert.deepEqual(await trial.rows(`SELECT * FROM ${table}`), [], table);
  }
  assert.deepEqual(trial.events, []);
  for (const [capability, input] of writes) await market[capability](input, "fake");
});

Deno.test("what was saved is told, with the agent that saved it", async () => {
  await using trial = await tryMarket();
  const { market } = trial;
  await market.save_quotes({ quotes: [quoteOf("AAPL"), quoteOf("MSFT")] }, "fake");
  await market.save_quotes({ quotes: [] }, "fake");
  await trial.save(["2024-07-08", "2024-07-09"].map((date) => barOf(date)));
  await trial.save([]);
  const twice = ["2024-07-08", "2024-07-09"].map((date) => barOf(date, { close: 500 }));
  assert.notEqual((await trial.answer(twice)).held_back, null);
  assert.deepEqual(trial.events, [
    {
      topic: "market.quotes_fetched",
      body: { source: "fake", agent: "fake", symbols: ["AAPL", "MSFT"] },
    },
    {
      topic: "market.bars_loaded",
      body: {
        ...series,
        agent: "fake",
        bars_loaded: 2,
        first_date: "2024-07-08",
        last_date: "2024-07-09",
      },
    },
  ]);
});

Deno.test("invalid input is refused whole, and nothing is stored", async () => {
  await using trial = await tryMarket();
  const { market } = trial;
  const good = barOf("2024-07-08");
  const history = historyOf("AAPL", [good]);
  const wrong: [keyof typeof market, unknown][] = [
    ["save_bars", { history: { ...history, bars: [good, { ...good, open: null }] } }],
    ["save_bars", { history: { ...history, bars: [good, { ...good, start: "yesterday" }] } }],
    ["save_bars", { history: { ...history, bars: [good, { ...good, date: "2024-02-30" }] } }],
    ["save_bars", { history: { ...history, symbol: "../../x" } }],
    ["save_bars", { history: { ...history, source: undefined } }],
    ["save_bars", { history: { ...history, interval: "3d" } }],
    ["save_bars", { history: { ...history, basis: undefined } }],
    ["save_bars", { history: { ...history, basis: "real" } }],
    ["save_bars", { history: { ...history, stale: true } }],
    ["save_bars", { history, asked: { from: "lately" } }],
    ["save_bars", { history, extra: 1 }],
    ["save_bars", { history: { ...history, bars: [{ ...good, close: Infinity }] } }],
    ["save_quotes", { quotes: [quoteOf("AAPL"), quoteOf("AAPL", { price: NaN })] }],
    ["save_quotes", { quotes: [quoteOf("AAPL"), { ...quoteOf("MSFT"), as_of: "now" }] }],
    ["save_quotes", { quotes: Array(501).fill(quoteOf("AAPL")) }],
    ["save_findings", { findings: [findingOf(), { ...findingOf(), rule: "odd" }] }],
    ["get_bars", { ...series, source: undefined }],
    ["get_bars", { ...series, limit: 0 }],
    ["get_bars", { ...series, from: "2024-13-01" }],
    ["get_bars", { ...series, prices: "real" }],
    ["get_bars", { ...series, form: "2024-01-01" }],
    ["get_dates", { symbol: "AAPL" }],
  ];
  for (const [capability, input] of wrong) {
    await assert.rejects(market[capability](input, "fake"), { name: "ZodError" });
  }
  for (const table of ["bars", "quotes", "data_quality_log"]) {
    assert.deepEqual(await trial.rows(`SELECT * FROM ${table}`), [], table);
  }
});

Deno.test("an expected date that is not repeated is withdrawn; a past event stays", async () => {
  await using trial = await tryMarket();
  const of = { symbol: "AAPL", source: "fake" };
  const dividend = { ...of, kind: "dividend", date: "2024-05-10", amount: 0.25 };
  const expected = { ...of, kind: "earnings", date: "2026-02-01", estimated: true };
  const save = (...events: unknown[]): Promise<unknown> =>
    trial.market.save_events({ ...of, events, complete: true }, "fake");
  await save(dividend, expected);
  const before = new Date(trial.nowMs).toISOString();
  trial.nowMs += 1_000;
  await save({ ...expected, date: "2026-02-08" });
  const { events } = await trial.market.get_events(of);
  assert.deepEqual(events.map(({ date }) => date), ["2024-05-10", "2026-02-08"]);
  assert.equal(events[0]?.amount, 0.25);
  assert.equal(events[1]?.estimated, true);
  const dates = async (known: Record<string, string>): Promise<string[]> =>
    (await trial.market.get_events({ ...of, ...known })).events.map(({ date }) => date);
  assert.deepEqual(await dates({ as_of: before }), ["2024-05-10", "2026-02-01"]);
  assert.deepEqual(await dates({ recorded_by: before }), ["2024-05-10", "2026-02-01"]);
  // a dividend was public on its ex-date, whenever it was recorded
  assert.deepEqual(await dates({ as_of: "2024-05-10T00:00:00Z" }), ["2024-05-10"]);
});
