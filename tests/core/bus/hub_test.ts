/** The hub: threads and processes hear each other as if on one channel. */

import assert from "node:assert/strict";
import { everyone, type Frame } from "../../../core/bus/frame.ts";
import { Hub } from "../../../core/bus/hub.ts";
import { Bus } from "../../../core/bus/bus.ts";
import { LossyNetwork } from "../../support/lossy_channel.ts";
import { eventually } from "../../support/eventually.ts";

function frame(from: string, to: string): Frame {
  return { from, to, seqs: [], messages: [], ack: 0, beyond: [], eventSeq: 0, events: [] };
}

/** A hub with processes `p1` and `p2` and a thread; `heard` lists `hearer < from > to`. */
function makeHub() {
  const network = new LossyNetwork();
  const thread = network.open();
  const hub = new Hub("daemon", network.open());
  const heard: string[] = [];
  const hears = (who: string) => ({ from, to }: Frame) =>
    void heard.push(`${who} < ${from} > ${to}`);
  hub.listen(hears("daemon"));
  thread.listen(hears("thread"));
  const all = (frame: Frame): Frame => frame;
  hub.join("thread", all);
  const p1 = hub.join("p1", all, { hearsEvents: true, send: hears("p1") });
  const p2 = hub.join("p2", all, { hearsEvents: true, send: hears("p2") });
  const close = (): void => {
    hub.close();
    thread.close();
  };
  return { hub, thread, p1, p2, heard, close };
}

Deno.test("each frame reaches its endpoint, in a thread or in a process", async () => {
  const { hub, thread, p1, heard, close } = makeHub();
  hub.post(frame("daemon", "p1"));
  p1(frame("p1", "p2"));
  thread.post(frame("thread", "p2"));
  p1(frame("p1", "thread"));
  hub.post(frame("daemon", "thread"));
  const needed = [
    "p1 < daemon > p1",
    "p2 < p1 > p2",
    "p2 < thread > p2",
    "thread < p1 > thread",
    "thread < daemon > thread",
  ];
  await eventually(() => needed.every((line) => heard.includes(line)));
  assert.equal(heard.filter((line) => !line.startsWith("daemon")).length, needed.length);
  close();
});

Deno.test("a frame for everyone reaches all but its sender", async () => {
  const { hub, thread, p1, heard, close } = makeHub();
  const hearersOf = (from: string): string[] =>
    heard.filter((line) => line.endsWith(` < ${from} > *`)).map((line) => line.split(" ")[0] ?? "");
  p1(frame("p1", everyone));
  hub.post(frame("daemon", everyone));
  thread.post(frame("thread", everyone));
  await eventually(() => heard.length === 9);
  assert.deepEqual(hearersOf("p1").sort(), ["daemon", "p2", "thread"]);
  assert.deepEqual(hearersOf("daemon").sort(), ["p1", "p2", "thread"]);
  assert.deepEqual(hearersOf("thread").sort(), ["daemon", "p1", "p2"]);
  close();
});

Deno.test("a host can send only as itself, and only until it leaves", async () => {
  const { hub, thread, p1, heard, close } = makeHub();
  p1(frame("p2", "daemon"));
  thread.post(frame("p2", "daemon"));
  thread.post(frame("nobody", "daemon"));
  hub.leave("p1");
  p1(frame("p1", "daemon"));
  hub.post(frame("daemon", "p1"));
  thread.post(frame("thread", "daemon"));
  await eventually(() => heard.includes("daemon < thread > daemon"));
  assert.ok(!heard.some((line) => line.startsWith("p1") || /daemon < (p|nobody)/.test(line)));
  close();
});

Deno.test("what is not admitted reaches nobody, from a thread or from a process", async () => {
  const { hub, thread, heard, close } = makeHub();
  const none = (): undefined => undefined;
  hub.join("thread", none);
  const p3 = hub.join("p3", none, { hearsEvents: true, send: () => undefined });
  p3(frame("p3", everyone));
  thread.post(frame("thread", everyone));
  thread.post(frame("thread", "p2"));
  hub.post(frame("daemon", "p1"));
  await eventually(() => heard.includes("p1 < daemon > p1"));
  assert.deepEqual(heard, ["p1 < daemon > p1", "thread < daemon > p1"].slice(0, heard.length));
  close();
});

Deno.test("a host that hears no events is sent none", async () => {
  const { hub, heard, close } = makeHub();
  const deaf: string[] = [];
  hub.join("deaf", (frame) => frame, {
    hearsEvents: false,
    send: ({ to }) => void deaf.push(to),
  });
  hub.post(frame("daemon", everyone));
  hub.post(frame("daemon", "deaf"));
  await eventually(() => heard.includes("p1 < daemon > *"));
  assert.deepEqual(deaf, ["deaf"]);
  close();
});

Deno.test("a thread and a process ask each other through the hub", async () => {
  const network = new LossyNetwork({ loss: 0.1, duplication: 0.1, delayMsMax: 3 });
  const hub = new Hub("daemon", network.open());
  const daemon = new Bus({
    channel: hub,
    address: "daemon",
    onRequest: ({ input }) => Promise.resolve(input),
  });
  const thread = new Bus({
    channel: network.open(),
    address: "thread",
    onRequest: ({ input }) => Promise.resolve(`thread ${input}`),
  });
  let hear: (frame: Frame) => void = () => undefined;
  const all = (frame: Frame): Frame => frame;
  hub.join("thread", all);
  const send = (frame: Frame): void => hear(structuredClone(frame));
  const say = hub.join("process", all, { hearsEvents: true, send });
  const process = new Bus({
    channel: {
      post: (frame) => say(structuredClone(frame)),
      listen: (heard) => void (hear = heard),
      close: () => hub.leave("process"),
    },
    address: "process",
    onRequest: ({ input }) => Promise.resolve(`process ${input}`),
  });
  const timeoutMs = 10_000;
  const asked = Array.from({ length: 50 }, (_, n) => [
    thread.request("process", "a.b", `${n}`, { timeoutMs }),
    process.request("thread", "a.b", `${n}`, { timeoutMs }),
  ]);
  const expected = asked.map((_, n) => [`process ${n}`, `thread ${n}`]);
  assert.deepEqual(await Promise.all(asked.map((pair) => Promise.all(pair))), expected);
  for (const bus of [process, thread, daemon]) bus.close();
});
