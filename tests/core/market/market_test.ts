/** Market data is stored and returned by source, in order, each value once. */

import assert from "node:assert/strict";
import type { Bar, Finding, History, Quote } from "100ac";
import { z } from "zod";
import { Market } from "../../../core/market/market.ts";
import { barOf, historyOf, quoteOf } from "../../agents/market_values.ts";
import { openTempStore } from "../../support/temp_store.ts";

interface Trial extends AsyncDisposable {
  readonly market: Market["capabilities"];
  nowMs: number;
  save(bars: readonly Bar[], changes?: Partial<History>): Promise<unknown>;
  /** The dates of the bars that `get_bars` returns. */
  dates(input?: Record<string, unknown>): Promise<string[]>;
  rows(sql: string): Promise<Record<string, unknown>[]>;
}

const series = { symbol: "AAPL", interval: "1d", source: "fake" };

async function tryMarket(): Promise<Trial> {
  const temp = await openTempStore();
  const market = new Market(temp.store, () => trial.nowMs).capabilities;
  const trial: Trial = {
    market,
    nowMs: Date.UTC(2026, 0, 16),
    save: (bars, changes) => market.save_bars({ history: historyOf("AAPL", bars, changes) }),
    dates: async (input = {}) =>
      (await market.get_bars({ ...series, ...input })).bars.map(({ date }) => date),
    rows: async (sql) => (await temp.store.database.read(sql)).map((row) => ({ ...row })),
    [Symbol.asyncDispose]: () => temp[Symbol.asyncDispose](),
  };
  return trial;
}

const isRefusal = (thrown: unknown): boolean => thrown instanceof z.ZodError;

/** Five consecutive sessions. */
const week = ["2024-07-08", "2024-07-09", "2024-07-10", "2024-07-11", "2024-07-12"];

Deno.test("bars are returned as saved, oldest first", async () => {
  await using trial = await tryMarket();
  const bars = [
    barOf("2024-07-10", { adjusted_close: null, volume: null }),
    barOf("2024-07-08", { open: 0.1 + 0.2, close: 1e-9, volume: 9_007_199_254_740_993 }),
    barOf("2024-07-09"),
  ];
  assert.deepEqual(await trial.save(bars), { inserted: 3, changed: 0, revised: 0 });
  assert.deepEqual((await trial.market.get_bars(series)).bars, [bars[1], bars[2], bars[0]]);
});

Deno.test("saved bars are counted as inserted, changed or unchanged", async () => {
  await using trial = await tryMarket();
  const [first, second, third] = ["2024-07-08", "2024-07-09", "2024-07-10"].map((date) =>
    barOf(date)
  );
  assert.ok(first && second && third);
  assert.deepEqual(await trial.save([first, second]), { inserted: 2, changed: 0, revised: 0 });
  assert.deepEqual(await trial.save([first, second]), { inserted: 0, changed: 0, revised: 0 });
  const revised = { ...second, adjusted_close: 200 };
  assert.deepEqual(await trial.save([first, revised, third]), {
    inserted: 1,
    changed: 1,
    revised: 1,
  });
  assert.deepEqual(await trial.save([{ ...first, volume: null }]), {
    inserted: 0,
    changed: 1,
    revised: 1,
  });
  const { bars } = await trial.market.get_bars(series);
  assert.deepEqual(bars, [{ ...first, volume: null }, revised, third]);
});

Deno.test("a bar given twice counts once, with its last values", async () => {
  await using trial = await tryMarket();
  const twice = [barOf("2024-07-08", { close: 230 }), barOf("2024-07-08", { close: 231 })];
  assert.deepEqual(await trial.save(twice), { inserted: 1, changed: 0, revised: 0 });
  assert.deepEqual((await trial.market.get_bars(series)).bars, [twice[1]]);
});

Deno.test("concurrent saves of one series each get their own counts", async () => {
  await using trial = await tryMarket();
  const [early, late] = [week.slice(0, 2), week.slice(2)].map((dates) =>
    dates.map((date) => barOf(date))
  );
  assert.deepEqual(await Promise.all([trial.save(early ?? []), trial.save(late ?? [])]), [
    { inserted: 2, changed: 0, revised: 0 },
    { inserted: 3, changed: 0, revised: 0 },
  ]);
});

Deno.test("concurrent saves of one bar run in turn and keep the values in between", async () => {
  await using trial = await tryMarket();
  const closes = [230, 231, 230];
  const told = await Promise.all(
    closes.map((close) => trial.save([barOf("2024-07-08", { close })])),
  );
  assert.deepEqual(told, [
    { inserted: 1, changed: 0, revised: 0 },
    { inserted: 0, changed: 1, revised: 1 },
    { inserted: 0, changed: 1, revised: 1 },
  ]);
  const { bars } = await trial.market.get_bars(series);
  assert.deepEqual(bars.map(({ close }) => close), [230]);
  const revisions = await trial.rows("SELECT close FROM bar_revisions ORDER BY known_at");
  assert.deepEqual(revisions.map(({ close }) => close), [230, 231]);
});

Deno.test("a failed save does not block the next one of its series", async () => {
  await using trial = await tryMarket();
  await trial.rows("ALTER TABLE bars RENAME TO away");
  const failed = trial.save([barOf("2024-07-08")]);
  await assert.rejects(failed);
  await trial.rows("ALTER TABLE away RENAME TO bars");
  assert.deepEqual(await trial.save([barOf("2024-07-08")]), {
    inserted: 1,
    changed: 0,
    revised: 0,
  });
});

Deno.test("after a clock was set back, a bar is not older than the one it replaced", async () => {
  await using trial = await tryMarket();
  await trial.save([barOf("2024-07-08", { close: 230 })]);
  trial.nowMs -= 3_600_000;
  const told = await trial.save([barOf("2024-07-08", { close: 231 })]);
  assert.deepEqual(told, { inserted: 0, changed: 1, revised: 1 });
  const rows = await trial.rows(
    "SELECT known_at, superseded_at, recorded_at FROM bar_revisions, bars",
  );
  const [row] = rows as { known_at: number; superseded_at: number; recorded_at: number }[];
  assert.ok(row && row.known_at < row.superseded_at && row.superseded_at === row.recorded_at);
});

Deno.test("the facts and requested range of a series are stored", async () => {
  await using trial = await tryMarket();
  await trial.save([barOf("2024-07-08")], { calendar: "XNAS" });
  await trial.market.note_asked({ ...series, from: "2024-07-01", absent: ["2024-07-03"] });
  trial.nowMs += 1_000;
  await trial.market.note_asked({ ...series, from: "2024-07-02", absent: ["2024-07-03"] });
  const { bars, timezone, calendar, asked_from } = await trial.market.get_series(series);
  assert.deepEqual([bars, timezone, calendar, asked_from], [
    1,
    "America/New_York",
    "XNAS",
    "2024-07-01",
  ]);
  assert.deepEqual((await trial.market.get_absences(series)).absences, [
    { date: "2024-07-03", asked_at: new Date(trial.nowMs).toISOString(), times_asked: 2 },
  ]);
  assert.deepEqual(await trial.market.get_absences({ ...series, source: "other" }), {
    absences: [],
  });
});

Deno.test("bars are read page by page, each page before the last one", async () => {
  await using trial = await tryMarket();
  await trial.save(week.map((date) => barOf(date)));
  const seen: string[] = [];
  let before: string | undefined;
  do {
    const { bars } = await trial.market.get_bars({ ...series, limit: 2, before });
    seen.unshift(...bars.map(({ date }) => date));
    before = bars[0]?.start;
  } while (before !== undefined);
  assert.deepEqual(seen, week);
});

Deno.test("a changed bar is identified by when it was recorded", async () => {
  await using trial = await tryMarket();
  await trial.save([barOf("2024-07-08"), barOf("2024-07-09")]);
  const before = trial.nowMs;
  trial.nowMs += 1_000;
  await trial.save([barOf("2024-07-08"), barOf("2024-07-09", { close: 1 })]);
  const rows = await trial.rows("SELECT recorded_at FROM bars ORDER BY start_at");
  assert.deepEqual(rows.map(({ recorded_at }) => recorded_at), [before, trial.nowMs]);
});

Deno.test("data of one source, symbol or interval is never returned for another", async () => {
  await using trial = await tryMarket();
  await trial.save([barOf("2024-07-08")]);
  await trial.save([barOf("2024-07-08", { close: 1 })], { source: "simulated" });
  await trial.save([barOf("2024-07-09")], { interval: "1h" });
  await trial.save([barOf("2024-07-10")], { symbol: "MSFT" });
  assert.deepEqual(await trial.dates(), ["2024-07-08"]);
  assert.deepEqual((await trial.market.get_bars(series)).bars, [barOf("2024-07-08")]);
  assert.deepEqual(await trial.dates({ interval: "1h" }), ["2024-07-09"]);
  assert.deepEqual(await trial.dates({ symbol: "MSFT" }), ["2024-07-10"]);
  assert.deepEqual(await trial.dates({ source: "yahoo" }), []);
  const simulated = await trial.market.get_bars({ ...series, source: "simulated" });
  assert.deepEqual(simulated.bars.map(({ close }) => close), [1]);
});

Deno.test("get_bars returns a range with both ends, and the newest up to the limit", async () => {
  await using trial = await tryMarket();
  await trial.save(week.map((date) => barOf(date)));
  assert.deepEqual(await trial.dates(), week);
  assert.deepEqual(await trial.dates({ from: "2024-07-09", to: "2024-07-11" }), week.slice(1, 4));
  assert.deepEqual(await trial.dates({ from: "2024-07-11" }), week.slice(3));
  assert.deepEqual(await trial.dates({ to: "2024-07-07" }), []);
  assert.deepEqual(await trial.dates({ limit: 2 }), week.slice(3));
  assert.deepEqual(await trial.dates({ to: "2024-07-10", limit: 2 }), week.slice(1, 3));
});

Deno.test("get_dates returns each session once, however many bars it has", async () => {
  await using trial = await tryMarket();
  const hours = ["13:30", "14:30", "15:30"].map((time) =>
    barOf("2024-07-09", { start: `2024-07-09T${time}:00.000Z` })
  );
  await trial.save([...hours, barOf("2024-07-08")], { interval: "1h" });
  assert.deepEqual(await trial.market.get_dates({ ...series, interval: "1h" }), {
    dates: ["2024-07-08", "2024-07-09"],
  });
  assert.deepEqual(await trial.market.get_dates(series), { dates: [] });
});

Deno.test("a request with the most bars allowed saves them all", async () => {
  await using trial = await tryMarket();
  const startMs = Date.UTC(2020, 0, 1);
  const bars = Array.from({ length: 50_000 }, (_, minute) => {
    const start = new Date(startMs + minute * 60_000).toISOString();
    return barOf(start.slice(0, 10), { start });
  });
  assert.deepEqual(await trial.save(bars, { interval: "1m" }), {
    inserted: 50_000,
    changed: 0,
    revised: 0,
  });
  const tooMany = [...bars, barOf("2024-07-08")];
  await assert.rejects(trial.save(tooMany, { interval: "1m" }), isRefusal);
});

Deno.test("a quote is stored once per instant, with its last values", async () => {
  await using trial = await tryMarket();
  const quotes: Quote[] = [
    quoteOf("AAPL", { market_cap: null }),
    quoteOf("MSFT", { name: null, volume: null }),
  ];
  assert.deepEqual(await trial.market.save_quotes({ quotes }), { saved: 2 });
  const later = quoteOf("AAPL", { price: 233, market_cap: 3.5e12 });
  const next = quoteOf("AAPL", { as_of: "2024-07-10T18:00:00.000Z" });
  const simulated = quoteOf("AAPL", { source: "simulated", price: 1 });
  assert.deepEqual(await trial.market.save_quotes({ quotes: [later, next, simulated] }), {
    saved: 3,
  });
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
  assert.deepEqual(await save_findings({ findings }, "loader"), { saved: 2 });
  trial.nowMs += 5_000;
  const again = [findingOf({ severity: "error", message: "still no bar" })];
  await save_findings({ findings: again }, "fetcher");
  await save_findings({ findings: [findingOf({ source: "simulated" })] }, "loader");
  const rows = await trial.rows(
    `SELECT rule, severity, interval, at, message, agent_id, first_seen_at, last_seen_at, seen_count
     FROM data_quality_log WHERE source = 'fake' ORDER BY rule`,
  );
  const at = Date.parse("2024-07-09T13:30:00.000Z");
  assert.deepEqual(rows.map((row) => Object.values(row)), [
    ["gap", "error", "1d", at, "still no bar", "loader", first, trial.nowMs, 2],
    ["stale", "warning", "", 0, "no bar", "loader", first, first, 1],
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
    ["save_bars", { history, extra: 1 }],
    ["save_bars", { history: { ...history, bars: [{ ...good, close: Infinity }] } }],
    ["save_quotes", { quotes: [quoteOf("AAPL"), quoteOf("AAPL", { price: NaN })] }],
    ["save_quotes", { quotes: [quoteOf("AAPL"), { ...quoteOf("MSFT"), as_of: "now" }] }],
    ["save_quotes", { quotes: Array(501).fill(quoteOf("AAPL")) }],
    ["save_findings", { findings: [findingOf(), { ...findingOf(), rule: "odd" }] }],
    ["get_bars", { ...series, source: undefined }],
    ["get_bars", { ...series, limit: 0 }],
    ["get_bars", { ...series, from: "2024-13-01" }],
    ["get_bars", { ...series, form: "2024-01-01" }],
    ["get_dates", { symbol: "AAPL" }],
  ];
  for (const [capability, input] of wrong) {
    await assert.rejects(market[capability](input, "agent"), isRefusal);
  }
  for (const table of ["bars", "quotes", "data_quality_log"]) {
    assert.deepEqual(await trial.rows(`SELECT * FROM ${table}`), [], table);
  }
});

Deno.test("a changed past bar keeps its old values, and as_of reads them", async () => {
  await using trial = await tryMarket();
  const day = 86_400_000;
  trial.nowMs = Date.parse("2024-07-20T00:00:00Z");
  await trial.save([barOf("2024-07-08", { close: 230 })]);
  trial.nowMs += day;
  const told = await trial.save([barOf("2024-07-08", { close: 231 }), barOf("2024-07-09")]);
  assert.deepEqual(told, { inserted: 1, changed: 1, revised: 1 });
  const closes = async (atMs: number): Promise<number[]> => {
    const as_of = new Date(atMs).toISOString();
    return (await trial.market.get_bars({ ...series, as_of })).bars.map(({ close }) => close);
  };
  assert.deepEqual(await closes(trial.nowMs), [231, barOf("x").close]);
  assert.deepEqual(await closes(trial.nowMs - 1), [230]);
  assert.deepEqual(await closes(trial.nowMs - day - 1), []);
});

Deno.test("a bar recorded before its period ended leaves no revision", async () => {
  await using trial = await tryMarket();
  trial.nowMs = Date.parse("2024-07-08T15:00:00Z");
  await trial.save([barOf("2024-07-08", { close: 230 })]);
  trial.nowMs = Date.parse("2024-07-09T15:00:00Z");
  const told = await trial.save([barOf("2024-07-08", { close: 231 })]);
  assert.deepEqual(told, { inserted: 0, changed: 1, revised: 0 });
});

Deno.test("a quarantined bar is not served until it arrives valid", async () => {
  await using trial = await tryMarket();
  const bar = barOf("2024-07-08", { close: -1 });
  await trial.market.quarantine_bars({ ...series, bars: [{ bar, reason: "close -1" }] });
  assert.deepEqual(await trial.dates(), []);
  assert.equal((await trial.market.get_series(series)).quarantined, 1);
  await trial.save([barOf("2024-07-08")]);
  assert.deepEqual(await trial.dates(), ["2024-07-08"]);
  assert.equal((await trial.market.get_series(series)).quarantined, 0);
});

Deno.test("an expected date that is not repeated is deleted; a past event stays", async () => {
  await using trial = await tryMarket();
  const of = { symbol: "AAPL", source: "fake" };
  const dividend = { ...of, kind: "dividend", date: "2024-05-10", amount: 0.25 };
  const expected = { ...of, kind: "earnings", date: "2024-08-01", estimated: true };
  await trial.market.save_events({ ...of, events: [dividend, expected], complete: true });
  const moved = { ...expected, date: "2024-08-08" };
  await trial.market.save_events({ ...of, events: [moved], complete: true });
  const { events } = await trial.market.get_events(of);
  assert.deepEqual(events.map(({ date }) => date), ["2024-05-10", "2024-08-08"]);
  assert.equal(events[0]?.amount, 0.25);
  assert.equal(events[1]?.estimated, true);
});

Deno.test("findings are listed by symbol and severity, newest first", async () => {
  await using trial = await tryMarket();
  const finding = { rule: "gap", interval: "1d", at: null, message: "m", source: "fake" };
  const save = (symbol: string, severity: string): Promise<unknown> =>
    trial.market.save_findings({ findings: [{ ...finding, symbol, severity }] }, "loader");
  await save("AAPL", "warning");
  trial.nowMs += 1;
  await save("MSFT", "error");
  const list = async (query: Record<string, unknown>): Promise<string[]> =>
    (await trial.market.get_findings(query)).findings.map(({ symbol }) => symbol);
  assert.deepEqual(await list({}), ["MSFT", "AAPL"]);
  assert.deepEqual(await list({ symbol: "AAPL" }), ["AAPL"]);
  assert.deepEqual(await list({ severity: "error", limit: 1 }), ["MSFT"]);
});
