/** One series as it was traded, and what is derived from it when it is read. */

import assert from "node:assert/strict";
import { type Bar, type History, MarketEvent } from "100ac";
import { flatBar, series, tryMarket } from "./trial.ts";

function eventOf(event: Partial<MarketEvent>): MarketEvent {
  return MarketEvent.parse({ symbol: "AAPL", source: "fake", ...event });
}

const split = eventOf({ kind: "split", date: "2024-07-10", numerator: 4, denominator: 1 });
/** Before the split, in new shares: it was paid as 4 a share. */
const first = eventOf({ kind: "dividend", date: "2024-07-09", amount: 1 });
const second = eventOf({ kind: "dividend", date: "2024-07-12", amount: 6, currency: "USD" });
const events = [first, split, second];

/** Four new shares for one on Wednesday; the source's prices and volumes have that taken out. */
const told = [
  flatBar("2024-07-08", 50, { volume: 400 }),
  flatBar("2024-07-09", 52, { volume: 800 }),
  flatBar("2024-07-10", 54),
  flatBar("2024-07-11", 60),
  flatBar("2024-07-12", 57),
];

type View = { readonly bars: readonly Bar[] };

function valuesOf({ bars }: View): unknown[] {
  return bars.map(({ open, high, low, close, volume }) => {
    assert.ok(open === close && high === close && low === close);
    return [close, volume];
  });
}

function assertNear(found: readonly (number | null)[], expected: readonly number[]): void {
  const rounded = found.map((value) => Number(value?.toPrecision(12)));
  assert.deepEqual(rounded, expected.map((value) => Number(value.toPrecision(12))));
}

/** A dividend leaves `1 - amount / close before` of the prices before it. */
const [firstKept, secondKept] = [1 - 1 / 50, 1 - 6 / 60];

Deno.test("a series is read as traded, without splits, and without dividends too", async () => {
  await using trial = await tryMarket();
  const { get_bars } = trial.market;
  await trial.save(told, { events });
  const [traded, split_adjusted, adjusted] = await Promise.all(
    ["traded", "split_adjusted", "adjusted"].map((prices) => get_bars({ ...series, prices })),
  );
  assert.ok(traded && split_adjusted && adjusted);
  assert.deepEqual(valuesOf(traded), [[200, 100], [208, 200], [54, 100], [60, 100], [57, 100]]);
  assert.deepEqual(valuesOf(split_adjusted), told.map(({ close, volume }) => [close, volume]));
  const both = firstKept * secondKept;
  const closes = [50 * both, 52 * secondKept, 54 * secondKept, 60 * secondKept, 57];
  assertNear(adjusted.bars.map(({ close }) => close), closes);
  assert.deepEqual(adjusted.bars.map(({ volume }) => volume), told.map(({ volume }) => volume));
  for (const { bars } of [traded, split_adjusted, adjusted]) {
    assertNear(bars.map(({ adjusted_close }) => adjusted_close), closes);
  }
  assert.equal((await get_bars(series)).prices, "split_adjusted", "the default");
});

Deno.test("dividends are read as they were paid", async () => {
  await using trial = await tryMarket();
  await trial.save(told, { events });
  const { events: stored } = await trial.market.get_events({ symbol: "AAPL", source: "fake" });
  assert.deepEqual(stored, [{ ...first, amount: 4 }, split, second]);
});

Deno.test("a page of bars is adjusted by all that follows it", async () => {
  await using trial = await tryMarket();
  const { get_bars } = trial.market;
  await trial.save(told, { events });
  for (const prices of ["traded", "split_adjusted", "adjusted"]) {
    const whole = await get_bars({ ...series, prices });
    const page = await get_bars({ ...series, prices, to: "2024-07-09" });
    assert.deepEqual(page.bars, whole.bars.slice(0, 2), prices);
    const last = await get_bars({ ...series, prices, limit: 2 });
    assert.deepEqual(last.bars, whole.bars.slice(-2), prices);
  }
});

Deno.test("as of an instant, nothing that came later is taken out", async () => {
  await using trial = await tryMarket();
  await trial.save(told, { events });
  const closes = (prices: string, as_of: string): Promise<number[]> =>
    trial.closes({ prices, as_of });
  // on the eve of the split it is known, but not in force
  const eve = "2024-07-09T22:00:00Z";
  assert.deepEqual(await closes("split_adjusted", eve), [200, 208]);
  assertNear(await closes("adjusted", eve), [200 * firstKept, 208]);
  const after = "2024-07-10T22:00:00Z";
  assert.deepEqual(await closes("split_adjusted", after), [50, 52, 54]);
  assertNear(await closes("adjusted", after), [50 * firstKept, 52, 54]);
  assert.deepEqual(await closes("traded", after), [200, 208, 54]);
});

Deno.test("prices as traded are taken as they are, and adjusted by the splits that came", async () => {
  await using trial = await tryMarket();
  const traded: Partial<History> = { basis: "traded", events: [split] };
  await trial.save([flatBar("2024-07-09", 208), flatBar("2024-07-10", 54)], traded);
  assert.deepEqual(await trial.closes({ prices: "traded" }), [208, 54]);
  assert.deepEqual(await trial.closes(), [52, 54]);
});

Deno.test("a split on the ex-date of a dividend applies to the close before it", async () => {
  await using trial = await tryMarket();
  const dividend = eventOf({ kind: "dividend", date: "2024-07-10", amount: 2 });
  await trial.save([flatBar("2024-07-09", 50), flatBar("2024-07-10", 48)], {
    events: [dividend, split],
  });
  assert.deepEqual(await trial.closes({ prices: "traded" }), [200, 48]);
  assertNear(await trial.closes({ prices: "adjusted" }), [50 * (1 - 2 / 50), 48]);
});

Deno.test("a dividend in hundredths of the prices' currency is converted; in another it is not", async () => {
  const bars = [flatBar("2024-07-09", 200), flatBar("2024-07-10", 190)];
  const adjusted = async (currency: string): Promise<(number | null)[]> => {
    await using trial = await tryMarket();
    const dividend = eventOf({ kind: "dividend", date: "2024-07-10", amount: 0.1, currency });
    await trial.save(bars, { currency: "GBp", events: [dividend] });
    const view = await trial.market.get_bars(series);
    return view.bars.map(({ adjusted_close }) => adjusted_close);
  };
  assertNear(await adjusted("GBP"), [200 * (1 - 10 / 200), 190]);
  assertNear(await adjusted("GBp"), [200 * (1 - 0.1 / 200), 190]);
  assert.deepEqual(await adjusted("USD"), [null, null]);
});

Deno.test("a series whose adjustment cannot be undone is read on its own basis alone", async () => {
  const bars = [flatBar("2024-07-09", 50, { adjusted_close: 49 }), flatBar("2024-07-10", 48)];
  for (
    const [own, changes] of [
      ["split_adjusted", { events_complete: false }],
      ["adjusted", { basis: "adjusted" }],
    ] as const
  ) {
    await using trial = await tryMarket();
    await trial.save(bars, changes);
    const view = await trial.market.get_bars(series);
    assert.deepEqual([view.prices, view.bars], [own, bars]);
    assert.deepEqual(await trial.market.get_bars({ ...series, prices: own }), view);
    for (const prices of ["traded", "split_adjusted", "adjusted"]) {
      if (prices === own) continue;
      await assert.rejects(trial.market.get_bars({ ...series, prices }), {
        code: "basis_unknown",
        message: `Cannot read ${prices} prices of "AAPL": source "fake" gives them ${own}, ` +
          `without the events to undo it; ask for ${own}`,
      });
    }
    assert.equal((await trial.market.get_series(series)).basis, own);
  }
});
