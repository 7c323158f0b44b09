/** Events reach every subscriber in each publisher's order, and no loss goes uncounted. */

import assert from "node:assert/strict";
import fc from "fast-check";
import { type BusEvent, matches } from "../../../core/bus/bus.ts";
import type { Frame } from "../../../core/bus/frame.ts";
import { eventually } from "../../support/eventually.ts";
import { Stage } from "./stage.ts";

function count(n: number): string[] {
  return Array.from({ length: n }, (_, index) => String(index + 1));
}

function hasEvents(frame: Frame): boolean {
  return frame.events.length > 0;
}

function isAnnouncement(frame: Frame): boolean {
  return frame.to === "*" && frame.events.length === 0;
}

Deno.test("a topic matches itself and a prefix that ends in a star", () => {
  assert.ok(matches("execution.completed", "execution.completed"));
  assert.ok(matches("execution.*", "execution.completed"));
  assert.ok(matches("*", "execution.completed"));
  assert.ok(!matches("execution.complete", "execution.completed"));
  assert.ok(!matches("execution.*", "executions.x"));
});

Deno.test("subscribers in every thread hear their topics, the publisher's too", async () => {
  using stage = new Stage();
  const [daemon, host] = [stage.open("daemon"), stage.open("host")];
  const heard: [string, BusEvent][] = [];
  daemon.subscribe("market.*", (event) => heard.push(["daemon", event]));
  const stop = host.subscribe("market.bars_loaded", (event) => heard.push(["host", event]));
  host.subscribe("execution.*", (event) => heard.push(["never", event]));
  daemon.publish("market.bars_loaded", `{"n":1}`, "loader");
  await eventually(() => heard.length === 2);
  const event = { topic: "market.bars_loaded", from: "loader", body: `{"n":1}` };
  assert.deepEqual(heard, [["daemon", event], ["host", event]]);
  stop();
  host.publish("market.quote_fetched", "2", "fetcher");
  host.publish("market.bars_loaded", "3", "loader");
  await eventually(() => heard.length === 4);
  assert.deepEqual(heard.slice(2).map(([who, { body }]) => [who, body]), [
    ["daemon", "2"],
    ["daemon", "3"],
  ]);
});

Deno.test("each publisher's events arrive once and in order on a bad network", async () => {
  const weather = fc.record({
    loss: fc.double({ min: 0, max: 0.5, noNaN: true }),
    duplication: fc.double({ min: 0, max: 0.5, noNaN: true }),
    delayMsMax: fc.integer({ min: 0, max: 30 }),
  });
  await fc.assert(
    fc.asyncProperty(weather, fc.integer(), async (weather, seed) => {
      using stage = new Stage({}, seed);
      const heard: Record<string, string[]> = { one: [], two: [] };
      const publishers = [stage.open("one"), stage.open("two")];
      stage.open("daemon").subscribe("t.*", ({ from, body }) => heard[from]?.push(body));
      // the first event shows where a publisher's numbers begin
      publishers.forEach((bus, index) => bus.publish("t.t", "1", index === 0 ? "one" : "two"));
      await eventually(() => heard["one"]?.length === 1 && heard["two"]?.length === 1);
      stage.network.weather = weather;
      for (const body of count(300).slice(1)) {
        publishers.forEach((bus, index) => bus.publish("t.t", body, index === 0 ? "one" : "two"));
        if (Number(body) % 50 === 0) await Promise.resolve(); // a frame of its own
      }
      await eventually(() => heard["one"]?.length === 300 && heard["two"]?.length === 300);
      assert.deepEqual(heard, { one: count(300), two: count(300) });
    }),
    { numRuns: 6 },
  );
});

Deno.test("lost events are replayed from the publisher's ring", async () => {
  using stage = new Stage();
  const [daemon, host] = [stage.open("daemon"), stage.open("host")];
  const heard: string[] = [];
  host.subscribe("t.t", ({ body }) => heard.push(body));
  daemon.publish("t.t", "1");
  await eventually(() => heard.length === 1);
  stage.network.loses = hasEvents;
  for (const body of count(1_000).slice(1)) daemon.publish("t.t", body);
  await eventually(() => heard.length === 1_000);
  assert.deepEqual(heard, count(1_000));
  assert.equal(host.counts.lostEvents, 0);
});

Deno.test("a last event arrives although it and its first announcement were lost", async () => {
  using stage = new Stage();
  const [daemon, host] = [stage.open("daemon"), stage.open("host")];
  const heard: string[] = [];
  host.subscribe("t.t", ({ body }) => heard.push(body));
  daemon.publish("t.t", "1");
  await eventually(() => heard.length === 1);
  let lost = 0;
  stage.network.loses = (frame) => hasEvents(frame) || (isAnnouncement(frame) && lost++ < 3);
  daemon.publish("t.t", "2");
  await eventually(() => heard.length === 2);
  assert.equal(lost, 4);
});

Deno.test("events that the ring no longer holds are counted and reported as lost", async () => {
  using stage = new Stage();
  const reported: [string, number][] = [];
  const daemon = stage.open("daemon");
  const host = stage.open("host", {
    onLost: (publisher, count) => reported.push([publisher, count]),
  });
  const heard: string[] = [];
  host.subscribe("t.t", ({ body }) => heard.push(body));
  daemon.publish("t.t", "1");
  await eventually(() => heard.length === 1);
  stage.network.loses = hasEvents;
  for (const body of count(5_000).slice(1)) daemon.publish("t.t", body);
  await eventually(() => heard.at(-1) === "5000");
  const { lostEvents } = host.counts;
  assert.ok(lostEvents > 0);
  assert.deepEqual(reported, [["daemon", lostEvents]]);
  assert.deepEqual(heard, ["1", ...count(5_000).slice(1 + lostEvents)]);
});

Deno.test("events published before a subscription are not delivered", async () => {
  using stage = new Stage();
  const [daemon, host] = [stage.open("daemon"), stage.open("host")];
  const heard: string[] = [];
  const stop = host.subscribe("t.t", ({ body }) => heard.push(body));
  daemon.publish("t.t", "1");
  await eventually(() => heard.length === 1);
  stop();
  stage.network.loses = hasEvents;
  daemon.publish("t.t", "2");
  await daemon.request("host", "a.b", "1", { timeoutMs: 1_000 });
  host.subscribe("t.t", ({ body }) => heard.push(body));
  stage.network.loses = () => false;
  daemon.publish("t.t", "3");
  await eventually(() => heard.length === 2);
  assert.deepEqual(heard, ["1", "3"]);
});

Deno.test("a subscriber that unsubscribes in its handler hears no more events", async () => {
  using stage = new Stage();
  const [daemon, host] = [stage.open("daemon"), stage.open("host")];
  const heard: string[] = [];
  const stop = host.subscribe("t.t", ({ body }) => {
    heard.push(body);
    stop();
  });
  host.subscribe("t.end", ({ body }) => heard.push(body));
  for (const body of ["1", "2"]) daemon.publish("t.t", body);
  daemon.publish("t.end", "end");
  await eventually(() => heard.includes("end"));
  assert.deepEqual(heard, ["1", "end"]);
});
