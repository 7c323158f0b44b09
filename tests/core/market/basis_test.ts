/** A series has one basis: an answer extends it, replaces it whole, or is held back. */

import assert from "node:assert/strict";
import { type Bar, type History, MarketEvent } from "100ac";
import { flatBar, type MarketTrial, series, tryMarket } from "./trial.ts";

const dates = ["2024-07-08", "2024-07-09", "2024-07-10", "2024-07-11", "2024-07-12"];

/** A bar for each price, from a date on. */
function barsAt(prices: readonly number[], from = "2024-07-08"): Bar[] {
  const first = dates.indexOf(from);
  return prices.map((price, index) => flatBar(dates[first + index] ?? "", price));
}

function splitOf(date: string, numerator = 2, denominator = 1): MarketEvent {
  const of = { symbol: "AAPL", source: "fake", kind: "split" } as const;
  return MarketEvent.parse({ ...of, date, numerator, denominator });
}

const split = splitOf("2024-07-11");

async function assertHeld(
  trial: MarketTrial,
  answer: Parameters<MarketTrial["answer"]>,
  reason: RegExp,
  askFrom: string | null,
): Promise<void> {
  const before = await trial.rows("SELECT * FROM bars");
  const events = await trial.rows("SELECT * FROM market_events");
  const { held_back, ask_from, ...counts } = await trial.answer(...answer);
  assert.match(held_back ?? "", reason);
  assert.equal(ask_from, askFrom);
  assert.deepEqual(counts, { inserted: 0, changed: 0, revised: 0 });
  assert.deepEqual(await trial.rows("SELECT * FROM bars"), before, "nothing of it is stored");
  assert.deepEqual(await trial.rows("SELECT * FROM market_events"), events);
}

const traded = { prices: "traded" };

Deno.test("prices that no split explains are held back, and all of the series is asked for", async () => {
  await using trial = await tryMarket();
  await trial.save(barsAt([100, 100, 100]));
  const part = barsAt([300, 300], "2024-07-09");
  const reason = /^its bars until 2024-07-10 are 3\.000 times the stored ones, and no split /;
  await assertHeld(trial, [part], reason, "2024-07-08");
  await assertHeld(trial, [barsAt([300, 300, 300])], reason, null);
});

Deno.test("a bar that was corrected is no split", async () => {
  await using trial = await tryMarket();
  await trial.save(barsAt([100, 100, 100]));
  assert.equal((await trial.save(barsAt([100, 150, 100]))).revised, 1);
  assert.deepEqual(await trial.closes(), [100, 150, 100]);
});

Deno.test("a split on its day leaves all stored bars as they were", async () => {
  await using trial = await tryMarket();
  trial.nowMs = Date.parse("2024-07-10T22:00:00Z");
  await trial.save(barsAt([200, 200, 200]));
  trial.nowMs = Date.parse("2024-07-11T22:00:00Z");
  const told = await trial.save(barsAt([100, 100], "2024-07-10"), { events: [split] });
  assert.equal(told.inserted, 1);
  assert.deepEqual(await trial.closes(traded), [200, 200, 200, 100]);
  assert.deepEqual(await trial.closes(), [100, 100, 100, 100]);
});

Deno.test("prices adjusted by a split before it is told were never right", async () => {
  await using trial = await tryMarket();
  trial.nowMs = Date.parse("2024-07-11T22:00:00Z");
  await trial.save(barsAt([100, 100, 100, 100]));
  assert.deepEqual(await trial.closes(traded), [100, 100, 100, 100], "as far as is known");
  trial.nowMs = Date.parse("2024-07-12T22:00:00Z");
  const part = barsAt([100, 100, 100], "2024-07-10");
  await assertHeld(
    trial,
    [part, { events: [split] }],
    /^a split restates the series$/,
    dates[0] ?? "",
  );
  const whole = barsAt([100, 100, 100, 100, 100]);
  assert.equal((await trial.save(whole, { events: [split] })).revised, 3);
  assert.deepEqual(await trial.closes(traded), [200, 200, 200, 100, 100]);
  const as_of = "2024-07-11T23:00:00Z";
  assert.deepEqual(await trial.closes({ ...traded, as_of }), [200, 200, 200, 100]);
  const recorded_by = as_of;
  assert.deepEqual(await trial.closes({ ...traded, recorded_by }), [100, 100, 100, 100]);
});

Deno.test("a split that one interval reports puts bars of another in doubt", async () => {
  await using trial = await tryMarket();
  trial.nowMs = Date.parse("2024-07-11T22:00:00Z");
  const hourly = { interval: "1h" } as const;
  await trial.save(barsAt([100, 100, 100, 100]), hourly);
  await trial.save(barsAt([100, 100, 100, 100]), { events: [split] });
  assert.deepEqual(await trial.closes(), [100, 100, 100, 100]);
  assert.deepEqual(
    await trial.closes(hourly),
    [100, 100, 100, 100],
    "the split is not taken twice",
  );
  await assert.rejects(trial.closes({ ...hourly, ...traded }), /sync its history first/);
  trial.nowMs += 60_000;
  await trial.save(barsAt([100, 100, 100, 100]), { ...hourly, events: [split] });
  assert.deepEqual(await trial.closes({ ...hourly, ...traded }), [200, 200, 200, 100]);
});

Deno.test("a split that its source withdraws restates the series from then on", async () => {
  await using trial = await tryMarket();
  trial.nowMs = Date.parse("2024-07-11T22:00:00Z");
  const dividend = MarketEvent.parse(
    { symbol: "AAPL", source: "fake", kind: "dividend", date: "2024-07-09", amount: 1 },
  );
  await trial.save(barsAt([100, 100, 100, 100]), { events: [dividend, split] });
  assert.deepEqual(await trial.closes(traded), [200, 200, 200, 100]);
  trial.nowMs = Date.parse("2024-07-12T22:00:00Z");
  await trial.save(barsAt([100, 100, 100, 100, 100]), { events: [dividend] });
  assert.deepEqual(await trial.closes(traded), [100, 100, 100, 100, 100]);
  assert.deepEqual(await trial.closes(), [100, 100, 100, 100, 100]);
  const { events } = await trial.market.get_events({ symbol: "AAPL", source: "fake" });
  assert.deepEqual(events, [dividend]);
  const as_of = "2024-07-11T23:00:00Z";
  assert.deepEqual(await trial.closes({ ...traded, as_of }), [200, 200, 200, 100]);
});

Deno.test("an answer that lacks a known split, and cannot show that it is undone, is held back", async () => {
  await using trial = await tryMarket();
  await trial.save(barsAt([100, 100, 100, 100]), { events: [split] });
  const reason = /^its bars until 2024-07-10 are 0\.5000 times the stored ones/;
  await assertHeld(trial, [barsAt([100, 100, 100, 100])], reason, null);
});

Deno.test("two splits that cancel out hide no answer that lacks them", async () => {
  await using trial = await tryMarket();
  trial.nowMs = Date.parse("2024-07-12T22:00:00Z");
  const events = [splitOf("2024-07-09", 10), splitOf("2024-07-11", 1, 10)];
  await trial.save(barsAt([100, 100, 100, 100, 100]), { events });
  assert.deepEqual(await trial.closes(traded), [100, 10, 10, 100, 100]);
  const reason = /^its bars until 2024-07-10 are 10\.00 times the stored ones/;
  await assertHeld(trial, [barsAt([100, 100, 100, 100, 100])], reason, null);
});

Deno.test("a first answer that lacks a known split is held back", async () => {
  await using trial = await tryMarket();
  const dividend = MarketEvent.parse(
    { symbol: "AAPL", source: "fake", kind: "dividend", date: "2024-07-09", amount: 1 },
  );
  const told = { symbol: "AAPL", source: "fake" };
  await trial.market.save_events({ ...told, events: [dividend, split] }, "fake");
  await assertHeld(
    trial,
    [barsAt([100, 100, 100, 100])],
    /^it lacks the split of 2024-07-11/,
    null,
  );
  await trial.market.save_events({ ...told, events: [dividend] }, "fake");
  await trial.save(barsAt([100, 100, 100, 100]));
  assert.deepEqual(await trial.closes(traded), [100, 100, 100, 100], "it was withdrawn");
});

Deno.test("one split given on two dates is held back", async () => {
  await using trial = await tryMarket();
  const events = [splitOf("2024-07-10"), splitOf("2024-07-11")];
  const answer = [barsAt([100, 100, 100, 100]), { events }] as const;
  const reason = /^it has the same split on 2024-07-10 and on 2024-07-11$/;
  await assertHeld(trial, [...answer], reason, null);
});

Deno.test("prices that do not reflect a split are held back", async () => {
  await using trial = await tryMarket();
  const events = [splitOf("2024-07-10", 10)];
  const reason = /^its prices do not reflect the split of 2024-07-10$/;
  await assertHeld(trial, [barsAt([1_000, 1_000, 100, 100]), { events }], reason, null);
  await trial.save(barsAt([100, 100, 100, 100]), { events });
  assert.deepEqual(await trial.closes(traded), [1_000, 1_000, 100, 100]);
});

Deno.test("another currency is taken with other prices, and the whole series", async () => {
  await using trial = await tryMarket();
  await trial.save(barsAt([100, 100]), { currency: "GBP" });
  const pence = { currency: "GBp" };
  const [same, other] = [barsAt([100, 100, 100]), barsAt([10_000, 10_000, 10_000])];
  const reason = /^its currency is GBp, the stored bars are in GBP/;
  await assertHeld(trial, [same, pence], reason, null);
  await assertHeld(trial, [other.slice(1), pence], reason, "2024-07-08");
  const before = new Date(trial.nowMs).toISOString();
  trial.nowMs += 1_000;
  await trial.save(other, pence);
  const { bars, currency } = await trial.market.get_bars(series);
  assert.deepEqual([bars.length, bars[0]?.close, currency], [3, 10_000, "GBp"]);
  assert.deepEqual(await trial.closes({ as_of: before }), [100, 100]);
});

Deno.test("a series that cannot be undone holds one answer's adjustment at a time", async () => {
  await using trial = await tryMarket();
  const adjusted: Partial<History> = { basis: "adjusted" };
  await trial.save(barsAt([100, 100, 100]), adjusted);
  const before = new Date(trial.nowMs).toISOString();
  trial.nowMs += 1_000;
  const more = barsAt([99, 99], "2024-07-10");
  await assertHeld(trial, [more, adjusted], /^its prices are adjusted by more$/, "2024-07-08");
  await assertHeld(
    trial,
    [barsAt([100], "2024-07-11"), adjusted],
    /adjusted by more/,
    "2024-07-08",
  );
  await trial.save(barsAt([100, 100], "2024-07-10"), adjusted);
  assert.deepEqual(await trial.closes(), [100, 100, 100, 100]);
  await trial.save(barsAt([99, 99, 99, 99]), adjusted);
  assert.deepEqual(await trial.closes(), [99, 99, 99, 99]);
  assert.deepEqual(await trial.closes({ as_of: before }), [100, 100, 100]);
});

Deno.test("a series changes its basis only as a whole", async () => {
  await using trial = await tryMarket();
  await trial.save(barsAt([100, 100, 100]), { events_complete: false });
  const reason = /^the stored bars are on the basis "split_adjusted", these are "traded"$/;
  await assertHeld(trial, [barsAt([100, 100], "2024-07-10")], reason, "2024-07-08");
  await trial.save(barsAt([100, 100, 100, 100]), { events: [split] });
  assert.equal((await trial.market.get_series(series)).basis, "traded");
  assert.deepEqual(await trial.closes(traded), [200, 200, 200, 100]);
});
