import assert from "node:assert/strict";
import fc from "fast-check";
import { asTraded, MarketEvent, ratioAfter, splitAdjusted, splitRatio } from "100ac";
import { barOf } from "../../agents/market_values.ts";

function splitOf(date: string, numerator: number, denominator: number): MarketEvent {
  const of = { symbol: "AAPL", source: "fake", kind: "split" } as const;
  return MarketEvent.parse({ ...of, date, numerator, denominator });
}

const wednesday = barOf("2024-07-03");
const friday = barOf("2024-07-05");

Deno.test("a split multiplies the prices before its date and divides the volumes", () => {
  const events = [splitOf("2024-07-05", 4, 1)];
  const traded = asTraded([wednesday, friday], events);
  const { open, high, low, close, volume } = wednesday;
  assert.deepEqual(traded, [
    {
      ...wednesday,
      open: 4 * open,
      high: 4 * high,
      low: 4 * low,
      close: 4 * close,
      volume: (volume ?? 0) / 4,
    },
    friday,
  ]);
  assert.deepEqual(splitAdjusted(traded, events), [wednesday, friday]);
});

Deno.test("all splits after a bar apply, none of its day or before, and no other event", () => {
  const dividend = MarketEvent.parse({
    ...{ symbol: "AAPL", source: "fake", kind: "dividend" },
    ...{ date: "2024-07-06", amount: 2, numerator: 7, denominator: 1 },
  });
  const events = [
    splitOf("2024-07-03", 5, 1),
    splitOf("2024-07-05", 1, 8),
    splitOf("2024-07-08", 2, 1),
  ];
  assert.equal(ratioAfter("2024-07-03", [...events, dividend]), 1 / 4);
  assert.deepEqual([...events, dividend].map(splitRatio), [5, 1 / 8, 2, 1]);
  const closes = asTraded([wednesday, friday], [...events, dividend]).map(({ close }) => close);
  assert.deepEqual(closes, [wednesday.close / 4, friday.close * 2]);
});

Deno.test("splits put back in and taken out again give the same bars", () => {
  const dates = ["2024-07-04", "2024-07-05", "2024-07-08"] as const;
  const parts = fc.integer({ min: 1, max: 50 });
  const splits = fc.array(fc.tuple(fc.constantFrom(...dates), parts, parts), { maxLength: 3 });
  fc.assert(fc.property(splits, (told) => {
    const events = told.map((split) => splitOf(...split));
    const again = splitAdjusted(asTraded([wednesday, friday], events), events);
    for (const [index, { date, ...found }] of again.entries()) {
      const told = [wednesday, friday][index];
      assert.equal(date, told?.date);
      for (const name of ["open", "high", "low", "close", "volume"] as const) {
        const [value, expected] = [Number(found[name]), Number(told?.[name])];
        assert.ok(Math.abs(value / expected - 1) < 1e-12, `${name} ${value}`);
      }
    }
  }));
});

Deno.test("a bar without a volume has none on any basis", () => {
  const events = [splitOf("2024-07-05", 4, 1)];
  const [bar] = asTraded([{ ...wednesday, volume: null }], events);
  assert.equal(bar?.volume, null);
});
