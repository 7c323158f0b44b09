/** Reads as of an earlier instant return what was public then; nothing else is served. */

import assert from "node:assert/strict";
import { serveLocally } from "../../../core/bus/local.ts";
import { AppError, toErrorData } from "../../../core/errors.ts";
import { barOf, quoteOf } from "../../agents/market_values.ts";
import { series, tryMarket } from "./trial.ts";

const dayMs = 86_400_000;
/** Two hours after the close of three sessions of New York, Tuesday to Thursday. */
const [firstMs, secondMs, thirdMs] = [9, 10, 11].map((day) => Date.UTC(2024, 6, day, 22)) as [
  number,
  number,
  number,
];

async function tryPast() {
  const trial = await tryMarket();
  trial.nowMs = firstMs;
  const serve = serveLocally(
    { market: trial.whole },
    () => Promise.reject(new Error("not local")),
  );
  const { signal } = new AbortController();
  const ask = async (name: string, input: unknown, asOfMs?: number): Promise<unknown> => {
    const asked = { address: `market.${name}`, input: JSON.stringify(input), caller: "a", signal };
    return JSON.parse(await serve({ ...asked, timeoutMs: 1_000, asOfMs }));
  };
  return {
    trial,
    market: trial.market,
    ask,
    [Symbol.asyncDispose]: () => trial[Symbol.asyncDispose](),
  };
}

Deno.test("bars are those public at the instant, with the values of that time", async () => {
  await using past = await tryPast();
  const { trial, ask } = past;
  const save = (closes: Record<string, number>) =>
    trial.save(
      Object.entries(closes).map(([day, close]) => barOf(`2024-07-${day}`, { close })),
    );
  await save({ "08": 100, "09": 100 });
  trial.nowMs = secondMs;
  await save({ "08": 100, "09": 101, "10": 101 });
  const closes = async (asOfMs?: number, input = {}): Promise<unknown> => {
    const { bars } = await ask("get_bars", { ...series, ...input }, asOfMs) as {
      bars: { date: string; close: number }[];
    };
    return bars.map(({ date, close }) => `${date.slice(-2)} ${close}`);
  };
  assert.deepEqual(await closes(), ["08 100", "09 101", "10 101"]);
  assert.deepEqual(await closes(secondMs), ["08 100", "09 101", "10 101"]);
  // a bar was public when its session had ended, a correction when it was recorded
  assert.deepEqual(await closes(secondMs - 1), ["08 100", "09 100", "10 101"]);
  const [tuesdayMs, wednesdayMs] = [9, 10].map((day) => Date.UTC(2024, 6, day, 20)) as [
    number,
    number,
  ];
  assert.deepEqual(await closes(wednesdayMs), ["08 100", "09 100", "10 101"]);
  assert.deepEqual(await closes(wednesdayMs - 1), ["08 100", "09 100"]);
  assert.deepEqual(await closes(tuesdayMs), ["08 100", "09 100"]);
  assert.deepEqual(await closes(tuesdayMs - 1), ["08 100"]);
  assert.deepEqual(await closes(tuesdayMs - dayMs - 1), []);
  const later = { as_of: new Date(thirdMs).toISOString() };
  assert.deepEqual(
    await closes(firstMs, later),
    ["08 100", "09 100"],
    "a later as_of is cut to the request's own",
  );
  const earlier = { as_of: new Date(firstMs).toISOString() };
  assert.deepEqual(
    await closes(thirdMs, earlier),
    ["08 100", "09 100"],
    "an earlier as_of applies",
  );
  const held = { recorded_by: new Date(secondMs - 1).toISOString() };
  assert.deepEqual(await closes(thirdMs, held), ["08 100", "09 100"], "the store held no more");
  assert.deepEqual(await ask("get_dates", series, firstMs), {
    dates: ["2024-07-08", "2024-07-09"],
  });
  const { bars, last_date } = await ask("get_series", series, firstMs) as Record<string, unknown>;
  assert.deepEqual([bars, last_date], [2, "2024-07-09"]);
  const before = tuesdayMs - dayMs - 1;
  const none = await ask("get_series", series, before) as Record<string, unknown>;
  assert.deepEqual([none.bars, none.first_date, none.timezone], [0, null, null]);
});

Deno.test("quarantined bars count from the instant of their quarantine", async () => {
  await using past = await tryPast();
  const { trial, market, ask } = past;
  trial.nowMs = secondMs;
  const bars = [{ bar: barOf("2024-07-08"), reason: "broken" }];
  await market.quarantine_bars({ ...series, bars }, "fake");
  const count = async (asOfMs: number): Promise<unknown> =>
    (await ask("get_series", series, asOfMs) as { quarantined: number }).quarantined;
  assert.deepEqual([await count(secondMs - 1), await count(secondMs)], [0, 1]);
});

Deno.test("a quote is the newest known at the instant", async () => {
  await using past = await tryPast();
  const { trial, market, ask } = past;
  const quote = (price: number, atMs: number) => ({
    ...quoteOf("AAPL"),
    source: "fake",
    price,
    as_of: new Date(atMs).toISOString(),
  });
  const prices = async (asOfMs?: number): Promise<unknown> => {
    const asked = { source: "fake", symbols: ["AAPL", "MSFT"] };
    const { quotes } = await ask("get_quotes", asked, asOfMs) as { quotes: { price: number }[] };
    return quotes.map(({ price }) => price);
  };
  await market.save_quotes({ quotes: [quote(1, firstMs - dayMs)] }, "fake");
  trial.nowMs = secondMs;
  await market.save_quotes({ quotes: [quote(1, firstMs - dayMs), quote(2, firstMs)] }, "fake");
  trial.nowMs = thirdMs;
  await market.save_quotes({ quotes: [quote(3, firstMs)] }, "fake");
  assert.deepEqual(await prices(), [3]);
  assert.deepEqual(await prices(secondMs), [1], "the second was changed later");
  assert.deepEqual(await prices(firstMs), [1], "an unchanged quote keeps its first instant");
  assert.deepEqual(await prices(firstMs - 1), []);
});

Deno.test("events are those public at the instant", async () => {
  await using past = await tryPast();
  const { trial, market, ask } = past;
  const split = {
    ...{ kind: "split", date: "2024-07-10", dated_by: "event", amount: null, estimate: null },
    ...{ numerator: 2, denominator: 1, estimated: false, currency: null },
    ...{ symbol: "AAPL", source: "fake" },
  };
  const earnings = { ...split, kind: "earnings", date: "2024-07-30", estimated: true };
  trial.nowMs = secondMs;
  const saved = { symbol: "AAPL", source: "fake", events: [split, earnings] };
  await market.save_events(saved, "fake");
  const kinds = async (asOfMs?: number, known = {}): Promise<string[]> => {
    const asked = { symbol: "AAPL", source: "fake", ...known };
    const { events } = await ask("get_events", asked, asOfMs) as { events: { kind: string }[] };
    return events.map(({ kind }) => kind);
  };
  assert.deepEqual(await kinds(), ["split", "earnings"]);
  assert.deepEqual(await kinds(secondMs), ["split", "earnings"]);
  // a split was public on its date, in every time zone; an expectation when it was recorded
  assert.deepEqual(await kinds(secondMs - 1), ["split"]);
  assert.deepEqual(await kinds(Date.parse("2024-07-09T10:00:00Z")), ["split"]);
  assert.deepEqual(await kinds(Date.parse("2024-07-09T10:00:00Z") - 1), []);
  assert.deepEqual(await kinds(secondMs - 1, { as_of: new Date(thirdMs).toISOString() }), [
    "split",
  ]);
  const held = { recorded_by: new Date(secondMs - 1).toISOString() };
  assert.deepEqual(await kinds(secondMs, held), []);
});

Deno.test("capabilities without history, or that write, are refused in the past", async () => {
  await using past = await tryPast();
  const answered = ["get_quotes", "get_bars", "get_dates", "get_series", "get_events"];
  for (const name of Object.keys(past.market)) {
    if (answered.includes(name)) continue;
    await assert.rejects(past.ask(name, {}, firstMs), (thrown) => {
      assert.ok(thrown instanceof AppError);
      const { code, message } = toErrorData(thrown);
      assert.equal(code, "as_of_refused");
      return message.startsWith(`Cannot invoke "market.${name}" as of 2024-07-09T22:00:00.000Z: `);
    });
  }
});
