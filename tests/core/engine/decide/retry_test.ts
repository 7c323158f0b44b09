/** The waits between attempts. */

import assert from "node:assert/strict";
import fc from "fast-check";
import { nextAttemptAtMs } from "../../../../core/engine/decide/retry.ts";
import { retryDefault, type RetryPolicy } from "../../../../core/workflow/definition.ts";

const hourMs = 3_600_000;

function waitMs(policy: Partial<RetryPolicy>, failures: number, seed = "s"): number | undefined {
  const failure = { failures, code: "source_down" as const, atMs: 100 };
  const atMs = nextAttemptAtMs({ ...retryDefault, attemptsMax: 100, ...policy }, failure, seed);
  return atMs && atMs - 100;
}

Deno.test("nextAttemptAtMs() doubles the wait after each failure, up to an hour", () => {
  const waits = [1, 2, 3, 4, 12, 13, 99].map((failures) => waitMs({}, failures));
  assert.deepEqual(waits, [1_000, 2_000, 4_000, 8_000, 2_048_000, hourMs, hourMs]);
});

Deno.test("nextAttemptAtMs() follows the policy's factor and longest wait", () => {
  const policy = { factor: 10, backoffMsMax: 50_000 };
  assert.deepEqual([1, 2, 3].map((failures) => waitMs(policy, failures)), [1_000, 10_000, 50_000]);
});

Deno.test("nextAttemptAtMs() allows attemptsMax attempts in total, for the codes named", () => {
  assert.equal(waitMs({ attemptsMax: 1 }, 1), undefined);
  assert.equal(waitMs({ attemptsMax: 3, backoffMs: 5 }, 2), 10);
  assert.equal(waitMs({ attemptsMax: 3 }, 3), undefined);
  assert.equal(waitMs({ on: ["rate_limited"] }, 1), undefined);
  assert.equal(waitMs({ on: ["source_down"] }, 1), 1_000);
});

Deno.test("nextAttemptAtMs() shortens the wait by up to the jitter, fixed per seed", () => {
  fc.assert(fc.property(fc.string(), (seed) => {
    const wait = waitMs({ jitter: 0.5 }, 1, seed) ?? 0;
    assert.ok(wait > 500 - 1 && wait <= 1_000);
    assert.equal(waitMs({ jitter: 0.5 }, 1, seed), wait);
  }));
  const waits = Array.from({ length: 200 }, (_, n) => waitMs({ jitter: 1 }, 1, `e/${n}`) ?? 0);
  assert.ok(new Set(waits).size > 150);
  const mean = waits.reduce((sum, wait) => sum + wait, 0) / waits.length;
  assert.ok(mean > 400 && mean < 600, `${mean}`);
});

Deno.test("nextAttemptAtMs() never exceeds a policy's attempts or waits", () => {
  const anyPolicy = fc.record({
    attemptsMax: fc.integer({ min: 1, max: 100 }),
    backoffMs: fc.integer({ min: 0, max: hourMs }),
    factor: fc.double({ min: 1, max: 10, noNaN: true }),
    backoffMsMax: fc.integer({ min: 0, max: 24 * hourMs }),
    jitter: fc.double({ min: 0, max: 1, noNaN: true }),
  });
  const course = fc.tuple(anyPolicy, fc.integer({ min: 1, max: 200 }), fc.string());
  fc.assert(fc.property(course, ([policy, failures, seed]) => {
    const failure = { failures, code: "source_down" as const, atMs: 0 };
    const atMs = nextAttemptAtMs(policy, failure, seed);
    assert.equal(atMs === undefined, failures >= policy.attemptsMax);
    if (atMs === undefined) return;
    const wholeMs = Math.min(
      policy.backoffMs * policy.factor ** (failures - 1),
      policy.backoffMsMax,
    );
    assert.ok(atMs <= Math.round(wholeMs) && atMs >= Math.floor(wholeMs * (1 - policy.jitter)));
    const [quiet, next] = [failures, failures + 1].map((failures) =>
      nextAttemptAtMs({ ...policy, attemptsMax: 1_000, jitter: 0 }, { ...failure, failures }, seed)
    );
    assert.ok(quiet !== undefined && next !== undefined && next >= quiet, "it never waits less");
  }));
});
