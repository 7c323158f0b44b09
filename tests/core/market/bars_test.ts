/** Bars are stored and returned by source, in order, each once, with their earlier versions. */

import assert from "node:assert/strict";
import { barOf } from "../../agents/market_values.ts";
import { series, tryMarket } from "./trial.ts";

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
  assert.deepEqual(await trial.market.get_bars(series), {
    bars: [bars[1], bars[2], { ...bars[0], adjusted_close: bars[0]?.close }],
    prices: "split_adjusted",
    currency: "USD",
    first_seen_late: 0,
    version: 1,
  });
});

Deno.test("saved bars are counted as inserted, changed or unchanged", async () => {
  await using trial = await tryMarket();
  const [first, second, third] = ["2024-07-08", "2024-07-09", "2024-07-10"].map((date) =>
    barOf(date)
  );
  assert.ok(first && second && third);
  assert.deepEqual(await trial.save([first, second]), { inserted: 2, changed: 0, revised: 0 });
  assert.deepEqual(await trial.save([first, second]), { inserted: 0, changed: 0, revised: 0 });
  const revised = { ...second, high: 240 };
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

Deno.test("a source's adjusted close is not stored, as it is derived", async () => {
  await using trial = await tryMarket();
  const bar = barOf("2024-07-08");
  await trial.save([bar]);
  const adjusted = [{ ...bar, adjusted_close: 200 }];
  assert.deepEqual(await trial.save(adjusted), { inserted: 0, changed: 0, revised: 0 });
  assert.deepEqual((await trial.market.get_bars(series)).bars, [bar]);
});

Deno.test("a bar given twice counts once, with its last values", async () => {
  await using trial = await tryMarket();
  const twice = [barOf("2024-07-08", { close: 230 }), barOf("2024-07-08", { close: 231 })];
  assert.deepEqual(await trial.save(twice), { inserted: 1, changed: 0, revised: 0 });
  assert.deepEqual((await trial.market.get_bars(series)).bars, [twice[1]]);
});

Deno.test("concurrent saves of one series each get their own counts", async () => {
  await using trial = await tryMarket();
  const [early, late] = [week.slice(0, 2), week.slice(1)].map((dates) =>
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
  const revisions = await trial.rows("SELECT close FROM bar_revisions ORDER BY recorded_at");
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
  const startMs = trial.nowMs;
  await trial.save([barOf("2024-07-08", { close: 230 })]);
  trial.nowMs -= 3_600_000;
  const told = await trial.save([barOf("2024-07-08", { close: 231 })]);
  assert.deepEqual(told, { inserted: 0, changed: 1, revised: 1 });
  const [row] = await trial.rows(
    `SELECT old.recorded_at AS first, old.superseded_at AS until, bars.recorded_at AS second
     FROM bar_revisions AS old, bars`,
  );
  assert.deepEqual(row, { first: startMs, until: startMs + 1, second: startMs + 1 });
});

Deno.test("the facts of a series are stored, and what its source lacked when asked", async () => {
  await using trial = await tryMarket();
  const bars = ["2024-07-02", "2024-07-05"].map((date) => barOf(date));
  await trial.save(bars, { calendar: "XNAS" }, { from: "2024-07-01" });
  const firstMs = trial.nowMs;
  trial.nowMs += 1_000;
  await trial.save(bars, { calendar: "XNAS" }, { from: "2024-07-02" });
  assert.deepEqual(await trial.market.get_series(series), {
    bars: 2,
    first_date: "2024-07-02",
    last_date: "2024-07-05",
    final_date: "2024-07-05",
    currency: "USD",
    timezone: "America/New_York",
    calendar: "XNAS",
    asked_from: "2024-07-01",
    basis: "traded",
    agent: "fake",
    recorded_at: new Date(firstMs).toISOString(),
    quarantined: 0,
  });
  assert.deepEqual((await trial.market.get_absences(series)).absences, [
    { date: "2024-07-03", asked_at: new Date(trial.nowMs).toISOString(), times_asked: 2 },
  ]);
  assert.deepEqual(await trial.market.get_absences({ ...series, source: "other" }), {
    absences: [],
  });
});

Deno.test("only what was asked for and lies within the series is lacking", async () => {
  await using trial = await tryMarket();
  const absent = async (): Promise<string[]> =>
    (await trial.market.get_absences(series)).absences.map(({ date }) => date);
  await trial.answer([], {}, { from: "2024-07-01" });
  assert.deepEqual(await absent(), [], "of a series without a bar nothing is known");
  const ends = [barOf("2024-07-08"), barOf("2024-07-19")];
  await trial.save(ends, {}, { from: "2024-07-08", until: "2024-07-09" });
  assert.deepEqual(await absent(), ["2024-07-09"]);
  await trial.answer([], {}, { from: "2024-07-17", until: "2024-07-31" });
  assert.deepEqual(await absent(), ["2024-07-09", "2024-07-17", "2024-07-18"]);
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
  await trial.save([barOf("2024-07-08"), barOf("2024-07-09", { close: 231 })]);
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
  await assert.rejects(trial.save(tooMany, { interval: "1m" }), { name: "ZodError" });
});

Deno.test("a changed past bar keeps its old values, and as_of reads them", async () => {
  await using trial = await tryMarket();
  const day = 86_400_000;
  trial.nowMs = Date.parse("2024-07-20T00:00:00Z");
  await trial.save([barOf("2024-07-08", { close: 230 })]);
  trial.nowMs += day;
  const told = await trial.save([barOf("2024-07-08", { close: 231 }), barOf("2024-07-09")]);
  assert.deepEqual(told, { inserted: 1, changed: 1, revised: 1 });
  const [closedMs, next] = [Date.parse("2024-07-08T20:00:00Z"), barOf("x").close];
  const read = async (known: Record<string, number>): Promise<unknown[]> => {
    const instants = Object.entries(known).map(([name, atMs]) =>
      [name, new Date(atMs).toISOString()] as const
    );
    const { bars, first_seen_late } = await trial.market.get_bars({
      ...series,
      ...Object.fromEntries(instants),
    });
    return [bars.map(({ close }) => close), first_seen_late];
  };
  assert.deepEqual(await read({ as_of: trial.nowMs }), [[231, next], 0]);
  assert.deepEqual(await read({ as_of: trial.nowMs - 1 }), [[230, next], 1]);
  assert.deepEqual(await read({ as_of: closedMs }), [[230], 1]);
  assert.deepEqual(await read({ as_of: closedMs - 1 }), [[], 0]);
  assert.deepEqual(await read({ recorded_by: trial.nowMs }), [[231, next], 0]);
  assert.deepEqual(await read({ recorded_by: trial.nowMs - 1 }), [[230], 0]);
  assert.deepEqual(await read({ recorded_by: trial.nowMs - day - 1 }), [[], 0]);
  const both = { as_of: closedMs + day, recorded_by: trial.nowMs - 1 };
  assert.deepEqual(await read(both), [[230], 1]);
});

Deno.test("a bar recorded before its period ended leaves no revision", async () => {
  await using trial = await tryMarket();
  trial.nowMs = Date.parse("2024-07-08T15:00:00Z");
  await trial.save([barOf("2024-07-08", { close: 230 })]);
  trial.nowMs = Date.parse("2024-07-09T15:00:00Z");
  const told = await trial.save([barOf("2024-07-08", { close: 231 })]);
  assert.deepEqual(told, { inserted: 0, changed: 1, revised: 0 });
  const closes = (as_of: string): Promise<number[]> => trial.closes({ as_of });
  assert.deepEqual(await closes("2024-07-08T19:59:59.999Z"), []);
  assert.deepEqual(await closes("2024-07-08T20:00:00.000Z"), [231]);
});

Deno.test("a quarantined bar is not served until it arrives valid", async () => {
  await using trial = await tryMarket();
  const bar = barOf("2024-07-08", { close: -1 });
  await trial.market.quarantine_bars({ ...series, bars: [{ bar, reason: "close -1" }] }, "fake");
  assert.deepEqual(await trial.dates(), []);
  assert.equal((await trial.market.get_series(series)).quarantined, 1);
  await trial.save([barOf("2024-07-08")]);
  assert.deepEqual(await trial.dates(), ["2024-07-08"]);
  assert.equal((await trial.market.get_series(series)).quarantined, 0);
});
