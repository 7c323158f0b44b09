/** Large bodies on a private way are joined to their messages, whichever arrives first. */

import assert from "node:assert/strict";
import fc from "fast-check";
import { eventBodyMax, openInputMax } from "../../../core/bus/bus.ts";
import {
  bodyMax,
  BulkExchange,
  bulkFrom,
  bulkOverPort,
  type BulkWay,
} from "../../../core/bus/bulk.ts";
import { AppError } from "../../../core/errors.ts";
import type { Message } from "../../../core/bus/frame.ts";
import { Stage } from "./stage.ts";

/** Two ends of a private way. Posted bodies are held until the test lets them through. */
function makeWays(): { readonly ends: [BulkWay, BulkWay]; letThrough(count: number): void } {
  const waiting: (() => void)[] = [];
  const heard: ((text: string) => void)[] = [];
  const end = (own: number): BulkWay => ({
    post: (text) => void waiting.push(() => heard[1 - own]?.(text)),
    listen: (listener) => void (heard[own] = listener),
    close: () => undefined,
  });
  return {
    ends: [end(0), end(1)],
    letThrough: (count) => waiting.splice(0, count).forEach((pass) => pass()),
  };
}

function reply(id: number, length: number): Message {
  return { kind: "reply", id, output: `${id}`.padEnd(length, "x") };
}

Deno.test("each message is completed, whether it or its body arrives first", () => {
  const size = fc.constantFrom(1, bulkFrom - 1, bulkFrom, 10 * bulkFrom);
  const move = fc.record({ size, bodiesFirst: fc.nat({ max: 3 }) });
  fc.assert(fc.property(fc.array(move), (moves) => {
    const { ends: [near, far], letThrough } = makeWays();
    const sent: Message[] = [];
    const got: Message[] = [];
    const sender = new BulkExchange(near, () => assert.fail("nothing comes back"));
    const receiver = new BulkExchange(far, (message) => got.push(message));
    const announced = moves.map(({ size, bodiesFirst }, id) => {
      const message = reply(id, size);
      sent.push(message);
      return { message: sender.announce(message), bodiesFirst };
    });
    for (const { message, bodiesFirst } of announced) {
      letThrough(bodiesFirst);
      const whole = receiver.complete(message);
      if (whole) got.push(whole);
    }
    letThrough(Infinity);
    const bodies = (messages: readonly Message[]): string[] =>
      messages.flatMap((message) => message.kind === "reply" ? [message.output] : []);
    assert.deepEqual(bodies(got).sort(), bodies(sent).sort());
  }));
});

Deno.test("a bus exchanges large bodies with an attached peer over the private way", async () => {
  using stage = new Stage();
  const { port1, port2 } = new MessageChannel();
  const [host, daemon] = [stage.open("host"), stage.open("daemon")];
  daemon.attach("host", bulkOverPort(port1));
  host.attach("daemon", bulkOverPort(port2));
  const bodies = ["small", "x".repeat(bulkFrom), "y".repeat(1_000_000), "z"];
  let widest = 0;
  stage.network.loses = (frame) => {
    widest = Math.max(widest, JSON.stringify(frame).length);
    return false;
  };
  const answers = bodies.map((body) =>
    daemon.request("host", "a.b", JSON.stringify(body), { timeoutMs: 10_000 })
  );
  assert.deepEqual(await Promise.all(answers), bodies.map((body) => JSON.stringify(body)));
  assert.ok(widest < bulkFrom, `a frame had ${widest} characters`);
});

Deno.test("one body, all open bodies and an event's body each have a limit", async () => {
  using stage = new Stage();
  stage.network.loses = () => true;
  const daemon = stage.open("daemon");
  const ask = (length: number) =>
    daemon.request("host", "a.b", "x".repeat(length), { timeoutMs: 60_000 });
  await assert.rejects(ask(bodyMax + 1), { code: "invalid_input" });
  const open = Array.from({ length: openInputMax / bodyMax }, () => ask(bodyMax).catch(() => 0));
  await assert.rejects(ask(1), { code: "overloaded" });
  daemon.drop("host", new AppError("host_gone", "the host is gone"));
  await Promise.all(open);
  stage.network.loses = () => false;
  stage.open("host-2");
  assert.equal(await daemon.request("host-2", "a.b", "1", { timeoutMs: 10_000 }), "1");
  const another = stage.open("another");
  another.publish("t.t", "x".repeat(eventBodyMax));
  assert.throws(() => another.publish("t.t", "x".repeat(eventBodyMax + 1)), {
    code: "bad_request",
    message: /^Cannot publish "t\.t": its body has 65537 characters, over 65536; store/,
  });
});
