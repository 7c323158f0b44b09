import assert from "node:assert/strict";
import { AppError } from "100ac";
import { type PolicyOptions, SourcePolicy } from "../../../../agents/_lib/source/policy.ts";

interface Trial {
  readonly policy: SourcePolicy;
  /** The waits so far; each has moved the clock on. */
  readonly slept: number[];
  nowMs: number;
  calls: number;
  /** Fails the next calls with these errors; then answers. */
  readonly failures: AppError[];
  ask(key?: string): Promise<{ answer: string; stale: boolean; ageMs: number }>;
}

function tryPolicy(changes: Partial<PolicyOptions> = {}): Trial {
  const trial: Trial = {
    policy: new SourcePolicy({
      source: "fake",
      budget: { burst: 100, perSecond: 10 },
      waitMsMax: 5_000,
      timeoutMs: 60_000,
      attemptsMax: 3,
      backoffMs: 1_000,
      breaker: { failuresMax: 5, openMs: 30_000 },
      staleMsMax: 600_000,
      staleEntriesMax: 2,
      now: () => trial.nowMs,
      random: () => 0.5,
      sleep: (ms) => {
        trial.slept.push(ms);
        trial.nowMs += ms;
        return Promise.resolve();
      },
      ...changes,
    }),
    slept: [],
    nowMs: 1_000_000,
    calls: 0,
    failures: [],
    ask: (key = "AAPL") =>
      trial.policy.ask(key, new AbortController().signal, () => {
        trial.calls++;
        const failure = trial.failures.shift();
        return failure === undefined ? Promise.resolve(`answer ${key}`) : Promise.reject(failure);
      }),
  };
  return trial;
}

const down = (): AppError => new AppError("source_down", "down");
const limited = (seconds: number | null): AppError =>
  new AppError("rate_limited", "slow down", { details: { retry_after_seconds: seconds } });
const code = (expected: string) => (thrown: { code?: string }) => thrown.code === expected;

Deno.test("a failure that may pass is tried again, each time later, by a random share", async () => {
  const trial = tryPolicy();
  trial.failures.push(down(), new AppError("bad_answer", "HTML"));
  assert.deepEqual(await trial.ask(), { answer: "answer AAPL", stale: false, ageMs: 0 });
  assert.deepEqual(trial.slept, [500, 1_000]);
  assert.equal(trial.policy.status.retried, 2);
  assert.deepEqual(trial.policy.status.failures, { source_down: 1, bad_answer: 1 });
});

Deno.test("attempts have an end, and the last failure is told", async () => {
  const trial = tryPolicy();
  trial.failures.push(down(), down(), down());
  await assert.rejects(trial.ask(), code("source_down"));
  assert.equal(trial.calls, 3);
});

Deno.test("what is wrong with the question is not asked twice", async () => {
  for (const wrong of ["not_found", "bad_request", "unauthorized"] as const) {
    const trial = tryPolicy();
    trial.failures.push(new AppError(wrong, "no"));
    await assert.rejects(trial.ask(), code(wrong));
    assert.equal(trial.calls, 1);
  }
});

Deno.test("a short Retry-After is waited for, to the second", async () => {
  const trial = tryPolicy();
  trial.failures.push(limited(4));
  await trial.ask();
  assert.deepEqual(trial.slept, [4_000]);
});

Deno.test("a long Retry-After fails at once, and holds off every call until it is over", async () => {
  const trial = tryPolicy();
  trial.failures.push(limited(60));
  await assert.rejects(trial.ask(), code("rate_limited"));
  trial.nowMs += 10_000;
  await assert.rejects(trial.ask("MSFT"), {
    code: "rate_limited",
    details: { retry_after_seconds: 50 },
  });
  assert.equal(trial.calls, 1);
  assert.equal(trial.policy.status.paused_until, new Date(1_060_000).toISOString());
  trial.nowMs += 50_000;
  await trial.ask("MSFT");
  assert.equal(trial.calls, 2);
});

Deno.test("the breaker opens after failures in a row, tries once, and closes at a success", async () => {
  const trial = tryPolicy({ attemptsMax: 1 });
  trial.failures.push(...Array.from({ length: 6 }, down));
  for (let ask = 0; ask < 5; ask++) await assert.rejects(trial.ask(), code("source_down"));
  await assert.rejects(trial.ask(), /ask again in 30 s/);
  assert.equal(trial.calls, 5);
  assert.equal(trial.policy.status.breaker, "open");
  trial.nowMs += 30_000;
  assert.equal(trial.policy.status.breaker, "half_open");
  await assert.rejects(trial.ask(), code("source_down"));
  await assert.rejects(trial.ask(), /ask again in 30 s/);
  assert.equal(trial.calls, 6);
  trial.nowMs += 30_000;
  await trial.ask();
  assert.equal(trial.policy.status.breaker, "closed");
});

Deno.test("an unknown symbol says nothing against the source's health", async () => {
  const trial = tryPolicy({ attemptsMax: 1 });
  trial.failures.push(...Array.from({ length: 9 }, () => new AppError("not_found", "no")));
  for (let ask = 0; ask < 9; ask++) await assert.rejects(trial.ask(), code("not_found"));
  assert.equal(trial.policy.status.breaker, "closed");
});

Deno.test("calls wait their turn within the budget, and are refused beyond it", async () => {
  const trial = tryPolicy({ budget: { burst: 2, perSecond: 1 }, waitMsMax: 1_500 });
  await trial.ask("A");
  await trial.ask("B");
  assert.deepEqual(trial.slept, []);
  await trial.ask("C");
  assert.deepEqual(trial.slept, [1_000]);
  trial.policy.ask("D", new AbortController().signal, () => Promise.resolve("")).catch(() => {});
  trial.nowMs -= 1_000;
  await trial.ask("E").catch(() => undefined);
  await assert.rejects(trial.ask("F"), code("rate_limited"));
  assert.ok(trial.policy.status.refused > 0);
});

Deno.test("equal questions at once are one call", async () => {
  const trial = tryPolicy();
  const answers = await Promise.all([trial.ask(), trial.ask(), trial.ask(), trial.ask("MSFT")]);
  assert.equal(trial.calls, 2);
  assert.equal(answers[2]?.answer, "answer AAPL");
  assert.equal(trial.policy.status.coalesced, 2);
});

Deno.test("an attempt that never answers is left behind at its time limit", async () => {
  const trial = tryPolicy({ timeoutMs: 5, attemptsMax: 2 });
  const never = (): Promise<never> => new Promise(() => undefined);
  await assert.rejects(
    trial.policy.ask("AAPL", new AbortController().signal, never),
    code("source_down"),
  );
  assert.equal(trial.policy.status.timed_out, 2);
});

Deno.test("a caller that goes away takes the answer from no other; all gone, the call ends", async () => {
  const trial = tryPolicy();
  const gate = Promise.withResolvers<string>();
  let ended = false;
  const call = (signal: AbortSignal): Promise<string> => {
    signal.addEventListener("abort", () => ended = true);
    return gate.promise;
  };
  const [first, second, alone] = [0, 1, 2].map(() => new AbortController());
  assert.ok(first && second && alone);
  const one = trial.policy.ask("AAPL", first.signal, call);
  const other = trial.policy.ask("AAPL", second.signal, call);
  first.abort(new AppError("cancelled", "gone"));
  await assert.rejects(one, code("cancelled"));
  assert.equal(ended, false);
  gate.resolve("late");
  assert.equal((await other).answer, "late");
  const left = trial.policy.ask("MSFT", alone.signal, (signal) =>
    new Promise((_, reject) => {
      signal.addEventListener("abort", () => {
        ended = true;
        reject(signal.reason);
      });
    }));
  alone.abort(new AppError("cancelled", "gone"));
  await assert.rejects(left, code("cancelled"));
  assert.equal(ended, true);
});

Deno.test("the last good answer stands in for a failure, with its age, until it is too old", async () => {
  const trial = tryPolicy({ attemptsMax: 1 });
  await trial.ask();
  trial.nowMs += 90_000;
  trial.failures.push(down(), new AppError("not_found", "delisted"), down());
  assert.deepEqual(await trial.ask(), { answer: "answer AAPL", stale: true, ageMs: 90_000 });
  await assert.rejects(trial.ask(), code("not_found"));
  trial.nowMs += 600_000;
  await assert.rejects(trial.ask(), code("source_down"));
  assert.equal(trial.policy.status.served_stale, 1);
});

Deno.test("no more answers are remembered than allowed: the oldest goes first", async () => {
  const trial = tryPolicy({ attemptsMax: 1 });
  for (const key of ["A", "B", "C"]) await trial.ask(key);
  trial.failures.push(down(), down());
  await assert.rejects(trial.ask("A"), code("source_down"));
  assert.equal((await trial.ask("C")).stale, true);
});
