/** Large bodies on a private way are asked for, and joined to their messages. */

import assert from "node:assert/strict";
import fc from "fast-check";
import { openInputMax } from "../../../core/bus/bus.ts";
import { eventBodyMax } from "../../../core/bus/failures.ts";
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

function outputs(messages: readonly Message[]): string[] {
  return messages.flatMap((message) => message.kind === "reply" ? [message.output] : []).sort();
}

Deno.test("each message is completed, however slow the private way is", () => {
  const size = fc.constantFrom(1, bulkFrom - 1, bulkFrom, 10 * bulkFrom);
  const move = fc.record({ size, through: fc.nat({ max: 3 }) });
  fc.assert(fc.property(fc.array(move), (moves) => {
    const { ends: [near, far], letThrough } = makeWays();
    const sent: Message[] = [];
    const got: Message[] = [];
    const sender = new BulkExchange(near, () => assert.fail("nothing comes back"));
    const receiver = new BulkExchange(far, (message) => got.push(message));
    moves.forEach(({ size, through }, id) => {
      const message = reply(id, size);
      sent.push(message);
      const whole = receiver.complete(sender.announce(message));
      if (whole) got.push(whole);
      letThrough(through);
    });
    while (got.length < sent.length) {
      const before = got.length;
      letThrough(1_000);
      letThrough(1_000);
      assert.ok(got.length > before, "nothing more arrives");
    }
    assert.deepEqual(outputs(got), outputs(sent));
  }));
});

Deno.test("few bodies travel at a time, and one that nobody asked for is dropped", () => {
  const { ends: [near, far], letThrough } = makeWays();
  const posted: string[] = [];
  const watched: BulkWay = {
    ...far,
    post(text) {
      posted.push(text);
      far.post(text);
    },
  };
  const got: Message[] = [];
  const receiver = new BulkExchange(watched, (message) => got.push(message));
  for (let id = 1; id <= 5; id++) {
    receiver.complete({ kind: "reply", id, output: "", bulk: [id, bodyMax] });
  }
  assert.deepEqual(posted, ["1", "2"]);
  near.post("7\nnobody asked for this");
  near.post("1\nof another length");
  letThrough(10);
  assert.deepEqual(got, []);
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
