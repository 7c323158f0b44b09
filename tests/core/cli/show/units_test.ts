import assert from "node:assert/strict";
import { agoText, countText, priceText, secondsText } from "../../../../core/cli/show/units.ts";

Deno.test("secondsText() takes the unit that fits", () => {
  const texts = [0.0061, 0.9999, 8.2, 59.99, 125, 11_400, 187_200, null].map(secondsText);
  assert.deepEqual(texts, ["6ms", "1.0s", "8.2s", "1m 0s", "2m 5s", "3h 10m", "2d 4h", "-"]);
});

Deno.test("agoText() tells how long ago", () => {
  const nowMs = Date.parse("2026-01-16T10:30:00Z");
  const ago = (seconds: number): string =>
    agoText(new Date(nowMs - seconds * 1_000).toISOString(), nowMs);
  assert.deepEqual([2, 12, 120, 7_300, 200_000, -3].map(ago), [
    "just now",
    "12s ago",
    "2m ago",
    "2h ago",
    "2d ago",
    "just now",
  ]);
  assert.equal(agoText(null, nowMs), "-");
});

Deno.test("priceText() writes dollars as dollars and other currencies by name", () => {
  assert.equal(priceText(258.71, "USD"), "$258.71");
  assert.equal(priceText(-3.5, "USD"), "-$3.50");
  assert.equal(priceText(14.2, "EUR"), "14.20 EUR");
  assert.equal(priceText(0, null), "0.00");
  assert.equal(priceText(0.00001234, "BTC"), "0.00001234 BTC");
});

Deno.test("countText() minds the plural", () => {
  assert.equal(countText(1, "symbol"), "1 symbol");
  assert.equal(countText(2, "history", "histories"), "2 histories");
});
