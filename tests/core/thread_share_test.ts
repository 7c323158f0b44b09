import assert from "node:assert/strict";
import { ThreadShare } from "../../core/thread_share.ts";

const heldMsMax = 20;

/** A clock that the test moves. */
class Clock {
  ms = 0;
  readonly now = (): number => this.ms;
  /** A part that takes a while. */
  readonly take = (ms: number) => (): void => void (this.ms += ms);
}

Deno.test("ThreadShare is used up by parts that took long together, and recovers as time passes", () => {
  const clock = new Clock();
  const share = new ThreadShare({ heldMsMax, now: clock.now });
  share.run(clock.take(heldMsMax - 1));
  assert.equal(share.isUsedUp, false);
  share.run(clock.take(1));
  assert.equal(share.isUsedUp, true);
  clock.ms += heldMsMax - 1;
  assert.equal(share.isUsedUp, true);
  clock.ms += 1;
  assert.equal(share.isUsedUp, false);
});

Deno.test("ThreadShare shows to a running part that it has used the share up", () => {
  const clock = new Clock();
  const share = new ThreadShare({ heldMsMax, now: clock.now });
  share.run(() => {
    assert.equal(share.isUsedUp, false);
    clock.ms += heldMsMax;
    assert.equal(share.isUsedUp, true);
  });
});

Deno.test("ThreadShare lets parts run in order, and the event loop between them", async () => {
  const share = new ThreadShare({ heldMsMax });
  const events: string[] = [];
  function* partsOf(name: string): Iterator<void, void> {
    for (let part = 0; part < 3; part++) {
      for (const untilMs = performance.now() + heldMsMax + 1; performance.now() < untilMs;);
      events.push(name);
      yield;
    }
  }
  const timer = setInterval(() => events.push("loop"), 1);
  const { signal } = new AbortController();
  await Promise.all(["a", "b", "c"].map((name) => share.runAll(partsOf(name), signal)));
  clearInterval(timer);
  // The first has its turn at once, and waits for the next before the others have come.
  assert.equal(events.filter((event) => event !== "loop").join(""), "aabcabcbc");
  events.forEach((event, at) => {
    if (event !== "loop" && at > 0) assert.equal(events[at - 1], "loop", `before part ${at}`);
  });
});

Deno.test("ThreadShare.turn() ends when its signal is aborted", async () => {
  const share = new ThreadShare({ heldMsMax });
  share.run(() => {
    for (const untilMs = performance.now() + 100; performance.now() < untilMs;);
  });
  const stop = new AbortController();
  const order: string[] = [];
  const waiting = share.turn(stop.signal).then(() => order.push("aborted"));
  const behind = share.turn().then(() => order.push("rested"));
  stop.abort();
  await Promise.all([waiting, behind]);
  assert.deepEqual(order, ["aborted", "rested"]);
});
