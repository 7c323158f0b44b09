/** Reads as of an earlier instant return what was known then; nothing else is served. */

import assert from "node:assert/strict";
import { serveLocally } from "../../../core/bus/local.ts";
import { AppError, toErrorData } from "../../../core/errors.ts";
import { Market } from "../../../core/market/market.ts";
import { barOf, historyOf, quoteOf } from "../../agents/market_values.ts";
import { openTempStore } from "../../support/temp_store.ts";

const series = { symbol: "AAPL", interval: "1d", source: "fake" };
const dayMs = 86_400_000;
const [firstMs, secondMs, thirdMs] = [1, 2, 3].map((day) => Date.UTC(2026, 0, 15 + day)) as [
  number,
  number,
  number,
];

async function tryPast() {
  const temp = await openTempStore();
  const trial = { nowMs: firstMs };
  const market = new Market(temp.store, () => trial.nowMs);
  const serve = serveLocally({ market }, () => Promise.reject(new Error("not local")));
  const { signal } = new AbortController();
  const ask = async (name: string, input: unknown, asOfMs?: number): Promise<unknown> => {
    const asked = { address: `market.${name}`, input: JSON.stringify(input), caller: "a", signal };
    return JSON.parse(await serve({ ...asked, timeoutMs: 1_000, asOfMs }));
  };
  return {
    trial,
    market: market.capabilities,
    ask,
    [Symbol.asyncDispose]: () => temp[Symbol.asyncDispose](),
  };
}

Deno.test("bars are those known at the instant, with the values of that time", async () => {
  await using past = await tryPast();
  const { trial, market, ask } = past;
  const save = (close: number, ...dates: readonly string[]) =>
    market.save_bars({
      history: historyOf("AAPL", dates.map((date) => ({ ...barOf(date), close }))),
    });
  await save(100, "2024-07-08", "2024-07-09");
  trial.nowMs = secondMs;
  await save(101, "2024-07-09", "2024-07-10");
  const closes = async (asOfMs?: number, input = {}): Promise<unknown> => {
    const { bars } = await ask("get_bars", { ...series, ...input }, asOfMs) as {
      bars: { date: string; close: number }[];
    };
    return bars.map(({ date, close }) => `${date.slice(-2)} ${close}`);
  };
  assert.deepEqual(await closes(), ["08 100", "09 101", "10 101"]);
  assert.deepEqual(await closes(secondMs), ["08 100", "09 101", "10 101"]);
  assert.deepEqual(await closes(secondMs - 1), ["08 100", "09 100"]);
  assert.deepEqual(await closes(firstMs - 1), []);
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
  assert.deepEqual(await ask("get_dates", series, firstMs), {
    dates: ["2024-07-08", "2024-07-09"],
  });
  const { bars, last_date } = await ask("get_series", series, firstMs) as Record<string, unknown>;
  assert.deepEqual([bars, last_date], [2, "2024-07-09"]);
  const none = await ask("get_series", series, firstMs - 1) as Record<string, unknown>;
  assert.deepEqual([none.bars, none.first_date, none.timezone], [0, null, null]);
});

Deno.test("quarantined bars count from the instant of their quarantine", async () => {
  await using past = await tryPast();
  const { trial, market, ask } = past;
  trial.nowMs = secondMs;
  const bars = [{ bar: barOf("2024-07-08"), reason: "broken" }];
  await market.quarantine_bars({ ...series, bars });
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
  await market.save_quotes({ quotes: [quote(1, firstMs - dayMs)] });
  trial.nowMs = secondMs;
  await market.save_quotes({ quotes: [quote(1, firstMs - dayMs), quote(2, firstMs)] });
  trial.nowMs = thirdMs;
  await market.save_quotes({ quotes: [quote(3, firstMs)] });
  assert.deepEqual(await prices(), [3]);
  assert.deepEqual(await prices(secondMs), [1], "the second was changed later");
  assert.deepEqual(await prices(firstMs), [1], "an unchanged quote keeps its first instant");
  assert.deepEqual(await prices(firstMs - 1), []);
});

Deno.test("events are those known at the instant", async () => {
  await using past = await tryPast();
  const { trial, market, ask } = past;
  const split = {
    ...{ kind: "split", date: "2024-07-10", dated_by: "event", amount: null, estimate: null },
    ...{ numerator: 2, denominator: 1, estimated: false, currency: null },
    ...{ symbol: "AAPL", source: "fake" },
  };
  trial.nowMs = secondMs;
  const saved = { symbol: "AAPL", source: "fake", events: [split] };
  await market.save_events(saved);
  const count = async (asOfMs?: number, as_of?: string): Promise<number> => {
    const asked = { symbol: "AAPL", source: "fake", ...(as_of && { as_of }) };
    return ((await ask("get_events", asked, asOfMs)) as { events: unknown[] }).events.length;
  };
  assert.deepEqual([await count(), await count(secondMs), await count(secondMs - 1)], [1, 1, 0]);
  assert.equal(await count(firstMs, new Date(thirdMs).toISOString()), 0);
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
      return message.startsWith(`Cannot invoke "market.${name}" as of 2026-01-16T00:00:00.000Z: `);
    });
  }
});
