/** Durations as people write them. */

import assert from "node:assert/strict";
import fc from "fast-check";
import {
  durationMsMax,
  durationText,
  parseDuration,
} from "../../../../core/workflow/form/duration.ts";

Deno.test("parseDuration() reads numbers as seconds and text by its unit", () => {
  const expected: [string | number, number][] = [
    [30, 30_000],
    [0.25, 250],
    [0, 0],
    ["250ms", 250],
    ["30s", 30_000],
    ["5m", 300_000],
    ["1.5h", 5_400_000],
    ["2d", 172_800_000],
    ["2 d", 172_800_000],
  ];
  for (const [value, ms] of expected) assert.deepEqual(parseDuration(value), { ms }, `${value}`);
});

Deno.test("parseDuration() refuses what is a guess, and says how to write it", () => {
  for (const value of ["30", "", "5 mins", "-1s", "1e3s", "s", ".5s", "1h30m", NaN]) {
    const result = parseDuration(value);
    assert("problem" in result, `${value} gave ${JSON.stringify(result)}`);
    assert.match(result.problem, /^is no duration: ".*"; write seconds, or a unit/);
  }
});

Deno.test("parseDuration() keeps its bounds", () => {
  const bounds = { msMin: 1_000, msMax: 60_000 };
  assert.deepEqual(parseDuration("1s", bounds), { ms: 1_000 });
  assert.deepEqual(parseDuration("1m", bounds), { ms: 60_000 });
  assert.deepEqual(parseDuration("999ms", bounds), { problem: "must be at least 1s" });
  assert.deepEqual(parseDuration(61, bounds), { problem: "must be at most 1m" });
  assert.deepEqual(parseDuration(-1), { problem: "must be at least 0s" });
  assert.deepEqual(parseDuration(Infinity), { problem: "must be at most 365d" });
});

Deno.test("durationText() chooses the largest unit without a fraction", () => {
  assert.equal(durationText(0), "0s");
  assert.equal(durationText(90_000), "90s");
  assert.equal(durationText(1_500), "1500ms");
  assert.equal(durationText(5_400_000), "90m");
  assert.equal(durationText(durationMsMax), "365d");
});

Deno.test("parseDuration() reads back what durationText() writes", () => {
  fc.assert(fc.property(fc.integer({ min: 0, max: durationMsMax }), (ms) => {
    assert.deepEqual(parseDuration(durationText(ms)), { ms });
  }));
});

Deno.test("parseDuration() answers any text", () => {
  fc.assert(fc.property(fc.string(), (text) => {
    const result = parseDuration(text);
    assert("ms" in result ? Number.isSafeInteger(result.ms) : result.problem.length < 200);
  }));
});
