/** Frames as text and back. */

import assert from "node:assert/strict";
import fc from "fast-check";
import type { Frame, Message } from "../../../core/bus/frame.ts";
import { decodeFrame, encodeFrame } from "../../../core/bus/frame_text.ts";

const text = fc.string({ unit: "binary" });
const body = fc.oneof(
  text,
  fc.json(),
  fc.constantFrom("", "\n", `"\n"`, "[]\n[]", "\u{1F4C8}\ud800"),
);
const whole = fc.nat();
const error = fc.record({ code: fc.constant("rate_limited" as const), message: text });
const event = fc.record({ seq: whole, topic: text, from: text, body });

function withBulk<Body extends Message>(message: fc.Arbitrary<Body>): fc.Arbitrary<Message> {
  return fc.tuple(message, fc.option(whole)).map(([message, bulk]) =>
    bulk === null ? message : { ...message, bulk }
  );
}

const message: fc.Arbitrary<Message> = fc.oneof(
  withBulk(fc.record({
    kind: fc.constant("request" as const),
    id: whole,
    address: text,
    input: body,
    caller: text,
    timeoutMs: whole,
    asOfMs: fc.integer(),
  }, { requiredKeys: ["kind", "id", "address", "input", "caller", "timeoutMs"] })),
  withBulk(fc.record({ kind: fc.constant("reply" as const), id: whole, output: body })),
  fc.record({ kind: fc.constant("failure" as const), id: whole, error }),
  fc.record({ kind: fc.constant("cancel" as const), id: whole, reason: error }),
  fc.record({ kind: fc.constant("replay" as const), after: whole, upTo: whole }),
  fc.record({
    kind: fc.constant("replayed" as const),
    lostUpTo: whole,
    events: fc.array(event),
  }),
);

const frame: fc.Arbitrary<Frame> = fc.record({
  from: text,
  to: text,
  ack: whole,
  eventSeq: whole,
  messages: fc.array(message),
  beyond: fc.array(whole),
  events: fc.array(event),
}).map((frame) => ({ ...frame, seqs: frame.messages.map((_, index) => index + 1) }));

Deno.test("a frame survives encoding and decoding unchanged", () => {
  fc.assert(fc.property(frame, (frame) => {
    assert.deepEqual(decodeFrame(encodeFrame(frame)), structuredClone(frame));
  }));
});

Deno.test("decodeFrame() returns undefined for anything but a frame", () => {
  const line = fc.json().map((json) => `${json}\n`);
  fc.assert(fc.property(fc.oneof(fc.anything(), text, fc.json(), line), (junk) => {
    assert.equal(decodeFrame(junk), undefined);
  }));
});

Deno.test("decodeFrame() returns undefined for a truncated frame", () => {
  const text = encodeFrame({
    from: "daemon",
    to: "host",
    seqs: [1],
    messages: [{ kind: "reply", id: 1, output: "1" }],
    ack: 0,
    beyond: [],
    eventSeq: 0,
    events: [],
  });
  assert.equal(decodeFrame(text.slice(0, 20)), undefined);
  assert.equal(decodeFrame(text.slice(0, -1)), undefined);
  assert.equal(decodeFrame(`${text}1`), undefined);
  assert.equal(decodeFrame(text.replace(",0,0,1,", ",0,0,1,1,")), undefined);
  assert.equal(decodeFrame(text.replace(",null]", "]")), undefined);
  assert.equal(decodeFrame(text.replace(`"daemon"`, "7")), undefined);
});
