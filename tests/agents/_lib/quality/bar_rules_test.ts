import assert from "node:assert/strict";
import { currencyFindings, sortOutBars } from "../../../../agents/_lib/quality/bar_rules.ts";
import { barFindings } from "../../../../agents/_lib/quality/quality.ts";
import { qualityScore } from "../../../../agents/_lib/quality/score.ts";
import { barOf, historyOf, nowMs } from "../../market_values.ts";

const wednesday = barOf("2024-07-03");
const friday = barOf("2024-07-05");

function rulesOf(...bars: ReturnType<typeof barOf>[]): string[] {
  const findings = barFindings(historyOf("AAPL", bars), nowMs);
  return findings.map(({ rule }) => rule).filter((rule) => rule !== "gap" && rule !== "stale");
}

Deno.test("each rule finds its fault, and nothing else", () => {
  assert.deepEqual(rulesOf(wednesday, friday), []);
  assert.deepEqual(rulesOf(wednesday, barOf("2024-07-04"), friday), ["out_of_session"]);
  assert.deepEqual(rulesOf(wednesday, { ...friday, volume: 0 }), ["zero_volume"]);
  assert.deepEqual(rulesOf(wednesday, friday, friday), ["duplicate"]);
  const tripled = { ...friday, open: 690, high: 700, low: 680, close: 695 };
  assert.deepEqual(rulesOf(wednesday, tripled), ["jump"]);
});

Deno.test("a bar of a holiday is kept out, one before the calendar begins is not", () => {
  const bars = [barOf("1980-01-01"), barOf("2024-07-04"), friday];
  const { sound, rejected } = sortOutBars(historyOf("AAPL", bars));
  assert.deepEqual(sound.map(({ date }) => date), ["1980-01-01", "2024-07-05"]);
  assert.deepEqual(rejected.map(({ reason }) => reason), ["the exchange was closed"]);
});

Deno.test("a change of currency is an error and makes the score 0", () => {
  const history = historyOf("AAPL", [wednesday, friday]);
  assert.deepEqual(currencyFindings(history, null), []);
  assert.deepEqual(currencyFindings(history, "USD"), []);
  const findings = currencyFindings(history, "GBp");
  assert.deepEqual(findings.map(({ severity }) => severity), ["error"]);
  assert.equal(qualityScore(history, 0, findings, nowMs).score, 0);
});
