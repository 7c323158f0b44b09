/** The waits between attempts. */

import assert from "node:assert/strict";
import fc from "fast-check";
import { nextAttemptAtMs } from "../../../core/engine/retry.ts";

const hourMs = 3_600_000;

Deno.test("nextAttemptAtMs() doubles the wait after each failure, up to an hour", () => {
  const policy = { attemptsMax: 100, backoffMs: 1_000 };
  const waits = [1, 2, 3, 4, 12, 13, 99].map((failures) => nextAttemptAtMs(policy, failures, 0));
  assert.deepEqual(waits, [1_000, 2_000, 4_000, 8_000, 2_048_000, hourMs, hourMs]);
});

Deno.test("nextAttemptAtMs() allows attemptsMax attempts in all", () => {
  assert.equal(nextAttemptAtMs({ attemptsMax: 1, backoffMs: 5 }, 1, 0), undefined);
  assert.equal(nextAttemptAtMs({ attemptsMax: 3, backoffMs: 5 }, 2, 100), 110);
  assert.equal(nextAttemptAtMs({ attemptsMax: 3, backoffMs: 5 }, 3, 100), undefined);
});

Deno.test("nextAttemptAtMs() is never before the failure, nor more than an hour after it", () => {
  fc.assert(fc.property(
    fc.integer({ min: 1, max: 100 }),
    fc.integer({ min: 0, max: hourMs }),
    fc.integer({ min: 1, max: 100 }),
    fc.nat(),
    (attemptsMax, backoffMs, failures, failedAtMs) => {
      const atMs = nextAttemptAtMs({ attemptsMax, backoffMs }, failures, failedAtMs);
      if (atMs === undefined) assert.ok(failures >= attemptsMax);
      else assert.ok(atMs >= failedAtMs && atMs <= failedAtMs + hourMs);
    },
  ));
});
