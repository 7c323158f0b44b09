/** The time budget of calls: each call has its own, though many share a time limit. */

import assert from "node:assert/strict";
import { readInTime, withinBudget } from "../../../../core/host/inside/budget.ts";
import { AppError } from "../../../../core/errors.ts";

function loop(ms: number): void {
  const untilMs = performance.now() + ms;
  while (performance.now() < untilMs);
}

/** How a call ended: its result, or its error's code or message. */
async function ending(call: Promise<unknown>): Promise<unknown> {
  try {
    return await call;
  } catch (thrown) {
    return thrown instanceof AppError ? thrown.code : (thrown as Error).message;
  }
}

Deno.test("a call that holds the thread is interrupted; calls beside it are not", async () => {
  const calls = Array.from({ length: 9 }, (_, n) =>
    ending(withinBudget(() => {
      if (n % 4 === 2) { for (;;); }
      return n;
    }, 200)));
  const over = "budget_exceeded";
  assert.deepEqual(await Promise.all(calls), [0, 1, over, 3, 4, 5, over, 7, 8]);
});

Deno.test("calls that together take longer than the budget are not interrupted", async () => {
  const calls = Array.from({ length: 20 }, (_, n) =>
    ending(withinBudget(() => {
      loop(50);
      return n;
    }, 500)));
  assert.deepEqual(await Promise.all(calls), Array.from({ length: 20 }, (_, n) => n));
});

Deno.test("the event loop turns between calls that hold the thread for long", async () => {
  const events: string[] = [];
  const timer = setInterval(() => events.push("beat"), 1);
  await Promise.all(
    Array.from({ length: 5 }, () =>
      withinBudget(() => {
        loop(100);
        events.push("call");
      }, 200)),
  );
  clearInterval(timer);
  assert.equal(events.filter((event) => event === "call").length, 5);
  events.forEach((event, at) => {
    if (event === "call" && at > 0) assert.equal(events[at - 1], "beat", `before call ${at}`);
  });
});

Deno.test("readInTime() gives up a getter that loops, also within a call", async () => {
  const looping = {
    get message(): string {
      for (;;);
    },
  };
  assert.equal(readInTime(() => looping.message), undefined);
  assert.equal(readInTime(() => "text"), "text");
  assert.throws(() =>
    readInTime(() => {
      throw new Error("mine");
    }), { message: "mine" });
  const call = withinBudget(() => `${readInTime(() => looping.message)}`, 1_000);
  assert.equal(await call, "undefined");
});

Deno.test("a call rejects with exactly what it threw", async () => {
  const forged = Object.assign(new Error("mine"), { code: "ERR_SCRIPT_EXECUTION_TIMEOUT" });
  const calls = [
    withinBudget(() => {
      throw forged;
    }, 500),
    withinBudget(() => Promise.reject(new Error("later")), 500),
    withinBudget(() => Promise.resolve(3), 500),
  ];
  assert.deepEqual(await Promise.all(calls.map(ending)), ["mine", "later", 3]);
});

Deno.test("a call made while others run is run too", async () => {
  const inner: Promise<unknown>[] = [];
  const outer = withinBudget(() => {
    inner.push(withinBudget(() => "inner", 500));
    return "outer";
  }, 500);
  assert.equal(await outer, "outer");
  assert.equal(await inner[0], "inner");
});
