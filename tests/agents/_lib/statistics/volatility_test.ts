import assert from "node:assert/strict";
import fc from "fast-check";
import {
  type Estimator,
  estimators,
  type Prices,
  volatilitySeries,
} from "../../../../agents/_lib/statistics/volatility.ts";
import { goldenSeries as series, goldenVolatility } from "../../../support/golden.ts";

const { cases } = goldenVolatility;
const columns: readonly string[] = series.columns;
const bars = series.rows.map((row): Prices => {
  const value = (name: string): number => Number(row[columns.indexOf(name)]);
  return { open: value("open"), high: value("high"), low: value("low"), close: value("close") };
});

const estimatorOf: Readonly<Record<string, Estimator>> = {
  "close": "close",
  "parkinson": "parkinson",
  "garman.klass": "garman_klass",
  "rogers.satchell": "rogers_satchell",
  "gk.yz": "garman_klass_overnight",
  "yang.zhang": "yang_zhang",
  "ewma": "ewma",
};

for (const { id, estimator, window, lambda, periodsPerYear, value: expected } of cases) {
  Deno.test(`${id} equals the reference at every bar to 1e-9`, () => {
    const options = { window: window ?? 2, lambda: lambda ?? 0.94, periodsPerYear };
    const found = volatilitySeries(bars, estimatorOf[estimator] ?? "close", options);
    assert.equal(found.length, expected.length);
    expected.forEach((reference, index) => {
      const value = found[index];
      if (reference === null) return assert.equal(value, null, `bar ${index}`);
      assert.ok(typeof value === "number");
      const error = Math.abs(value - reference) / Math.abs(reference);
      assert.ok(error < 1e-9, `bar ${index}: ${value} is not ${reference}`);
    });
  });
}

Deno.test("a price that stands still has no volatility, by any estimator", () => {
  const still = Array.from({ length: 30 }, () => ({ open: 5, high: 5, low: 5, close: 5 }));
  for (const estimator of estimators) {
    const options = { window: 20, lambda: 0.94, periodsPerYear: 252 };
    assert.equal(volatilitySeries(still, estimator, options).at(-1), 0);
  }
});

Deno.test("no estimator minds the unit of the price, and none is below 0 or no number", () => {
  const bar = fc.tuple(
    ...Array.from({ length: 4 }, () => fc.double({ min: 1, max: 100, noNaN: true })),
  )
    .map((values) => {
      const [low = 1, open = 1, close = 1, high = 1] = values.toSorted((a, b) => a - b);
      return { open, high, low, close };
    });
  const many = fc.array(bar, { minLength: 8, maxLength: 20 });
  fc.assert(fc.property(many, fc.constantFrom(...estimators), (prices, estimator) => {
    const options = { window: 5, lambda: 0.9, periodsPerYear: 252 };
    const scaled = prices.map(({ open, high, low, close }) => ({
      open: open * 8,
      high: high * 8,
      low: low * 8,
      close: close * 8,
    }));
    const [one, other] = [prices, scaled].map((of) => volatilitySeries(of, estimator, options));
    one?.forEach((value, index) => {
      const same = other?.[index];
      if (value === null) return assert.equal(same, null);
      assert.ok(value >= 0 && Math.abs(value - (same ?? NaN)) <= 1e-6 + 1e-6 * value);
    });
  }));
});
