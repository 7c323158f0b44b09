import assert from "node:assert/strict";
import fc from "fast-check";
import { summarize } from "../../../../core/cli/show/summary.ts";

const aapl = { symbol: "AAPL", price: 258.71, currency: "USD", source: "yahoo" };

Deno.test("summarize() lists the prices of a batch, and what is missing", () => {
  const missing = [{ symbol: "NOPE", code: "not_found", reason: "unknown symbol" }];
  assert.deepEqual(summarize({ quotes: [aapl], missing, source: "yahoo", cached: 0 }), {
    headline: "Success - 1 symbol fetched",
    lines: ["AAPL: $258.71", "NOPE: missing - unknown symbol"],
  });
});

Deno.test("summarize() marks simulated prices, each and as a whole", () => {
  const quotes = [{ ...aapl, source: "simulated" }, { ...aapl, symbol: "MSFT", price: 457.26 }];
  assert.deepEqual(summarize({ quotes, missing: [] }), {
    headline: "Success - 2 symbols fetched (simulated)",
    lines: ["AAPL: $258.71 (simulated)", "MSFT: $457.26"],
  });
  assert.equal(summarize({ a: { b: [{ source: "simulated" }] } }).headline, "Success (simulated)");
});

Deno.test("summarize() knows what the market's and the test agent's capabilities answer", () => {
  const history = {
    symbol: "AAPL",
    interval: "1d",
    bars_loaded: 21,
    first_date: "2025-12-16",
    last_date: "2026-01-15",
  };
  const headlineOf = (result: unknown): string => summarize(result).headline;
  assert.equal(headlineOf(aapl), "AAPL: $258.71");
  assert.equal(headlineOf({ symbol: "AAPL", valid: true, name: null }), "AAPL is valid");
  assert.equal(headlineOf({ symbol: "X", valid: false, reason: "r" }), "X is not valid - r");
  assert.equal(headlineOf({ symbol: "AAPL", original: "aapl" }), "AAPL sanitized");
  assert.equal(headlineOf(history), "AAPL 1d - 21 bars loaded, 2025-12-16 to 2026-01-15");
  assert.equal(headlineOf({ symbol: "AAPL", interval: "1d", bars: [{}] }), "AAPL 1d - 1 bar");
  assert.equal(headlineOf({ symbol: "AAPL", dates: ["d", "e"] }), "AAPL - 2 dates available");
  assert.equal(headlineOf({ message: "Hello" }), '"Hello"');
  assert.equal(headlineOf({ result: 42 }), "Result: 42");
  assert.deepEqual(summarize({ histories: [history], missing: [] }), {
    headline: "Success - 1 history loaded",
    lines: ["AAPL 1d - 21 bars loaded, 2025-12-16 to 2026-01-15"],
  });
});

Deno.test("summarize() lists an unknown result key by key, not without end", () => {
  assert.deepEqual(summarize({ sharpe: 1.2, weights: { AAPL: 0.4 }, note: "a\nb", none: null }), {
    headline: "Success",
    lines: ["sharpe: 1.2", 'weights: {"AAPL":0.4}', "note: a b"],
  });
  const many = Object.fromEntries(
    Array.from({ length: 40 }, (_, index) => [`key_${index}`, index]),
  );
  const { lines } = summarize(many);
  assert.equal(lines.length, 12);
  assert.equal(lines.at(-1), "… and 29 more (--json shows all)");
  assert.equal(summarize({ message: "y".repeat(1_000_000) }).headline.length, 1_000);
});

Deno.test("summarize() takes any JSON", () => {
  fc.assert(fc.property(fc.jsonValue(), (value) => {
    assert.ok(summarize(value).headline.length > 0);
  }));
});
