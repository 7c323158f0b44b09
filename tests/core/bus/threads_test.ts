/** The bus between real threads, over the BroadcastChannel that loses messages silently. */

import assert from "node:assert/strict";
import { Bus } from "../../../core/bus/bus.ts";
import { openBroadcastChannel } from "../../../core/bus/channel.ts";
import { AppError } from "../../../core/errors.ts";
import { newOpaqueId } from "../../../core/ids.ts";
import { startEchoThread } from "../../support/echo_thread.ts";
import { eventually } from "../../support/eventually.ts";

const timeoutMs = 20_000;

class Daemon implements Disposable {
  readonly channel = `test-${newOpaqueId()}`;
  readonly bus = new Bus({
    channel: openBroadcastChannel(this.channel),
    address: "daemon",
    onRequest: ({ input }) => Promise.resolve(input),
  });

  ask(to: string, address: string, input: unknown): Promise<string> {
    return this.bus.request(to, address, JSON.stringify(input), { timeoutMs });
  }

  [Symbol.dispose](): void {
    this.bus.close();
  }
}

/** The expected answers for 0, 1, …: each request ran once. */
function onceEach(count: number): string[] {
  return Array.from({ length: count }, (_, n) => `[${n},1]`);
}

Deno.test("10,000 requests fired at once each run once and are answered once", async () => {
  using daemon = new Daemon();
  using _thread = await startEchoThread(daemon.channel, "echo");
  const answers = await Promise.all(onceEach(10_000).map((_, n) => daemon.ask("echo", "echo", n)));
  assert.deepEqual(answers, onceEach(10_000));
  assert.equal(daemon.bus.counts.late, 0);
});

Deno.test("a busy thread misses no request although its backlog overflows", async () => {
  using daemon = new Daemon();
  using _thread = await startEchoThread(daemon.channel, "echo");
  const blocked = daemon.ask("echo", "block", 1_000);
  const other = new BroadcastChannel(daemon.channel);
  const asked = onceEach(500).map(async (_, n) => {
    // one frame each, followed by traffic that pushes it out of the backlog
    await new Promise((resolve) => setTimeout(resolve));
    for (let noise = 0; noise < 3; noise++) other.postMessage({ noise });
    return await daemon.ask("echo", "echo", n);
  });
  assert.deepEqual(await Promise.all(asked), onceEach(500));
  assert.equal(await blocked, "[1000,1]");
  assert.ok(daemon.bus.counts.resent > 0, "something was lost, or this tests nothing");
  other.close();
});

Deno.test("5,000 events published at once arrive in order or are counted as lost", async () => {
  using daemon = new Daemon();
  using _thread = await startEchoThread(daemon.channel, "echo");
  const heard: number[] = [];
  daemon.bus.subscribe("echo.counted", ({ body }) => heard.push(Number(body)));
  await daemon.ask("echo", "publish", 5_000);
  await eventually(() => heard.length + daemon.bus.counts.lostEvents === 5_000);
  assert.equal(heard.at(-1), 5_000);
  assert.ok(heard.every((n, index) => index === 0 || n > (heard[index - 1] ?? 0)));
});

Deno.test("a thread that ends ends only the requests sent to it", async () => {
  using daemon = new Daemon();
  using _one = await startEchoThread(daemon.channel, "one");
  const two = await startEchoThread(daemon.channel, "two");
  assert.deepEqual(
    await Promise.all([daemon.ask("one", "echo", 1), daemon.ask("two", "echo", 1)]),
    ["[1,1]", "[1,1]"],
  );
  two[Symbol.dispose]();
  const lost = daemon.ask("two", "echo", 2);
  const kept = daemon.ask("one", "echo", 2);
  daemon.bus.drop("two", new AppError("host_gone", "two has ended"));
  await assert.rejects(lost, { code: "host_gone" });
  assert.equal(await kept, "[2,1]");
});

Deno.test("junk on the channel is ignored", async () => {
  using daemon = new Daemon();
  using _thread = await startEchoThread(daemon.channel, "echo");
  const junk = new BroadcastChannel(daemon.channel);
  for (
    const value of [
      null,
      7,
      [],
      new Map(),
      { from: "echo", to: "daemon", seqs: [], messages: [] },
      "",
      "text",
      "{}\n",
      `["echo","daemon",0,0,[],"none",[],[]]\n`,
      `["echo","daemon",0,0,[1,2],[],[],[]]\n`,
      `["echo","daemon","all",0,[],[],[],[]]\n`,
      `[7,"daemon",0,0,[],[],[],[]]\n`,
    ]
  ) junk.postMessage(value);
  assert.equal(await daemon.ask("echo", "echo", 1), "[1,1]");
  assert.equal(daemon.bus.counts.received, 1);
  junk.close();
});
