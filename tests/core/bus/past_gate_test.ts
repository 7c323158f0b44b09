/** What may pass between the daemon and a host of the past. */

import assert from "node:assert/strict";
import { everyone, type Frame, type Message } from "../../../core/bus/frame.ts";
import { fromThePast, toThePast } from "../../../core/bus/past_gate.ts";

const asOfMs = Date.parse("2026-03-01T21:00:00Z");
const request = {
  kind: "request",
  id: 1,
  address: "market.get_bars",
  input: "{}",
  caller: "rogue",
  timeoutMs: 10,
} as const;
const event = { seq: 1, topic: "t", from: "daemon", body: "1" };

function frame(parts: Partial<Frame>): Frame {
  const nothing = { seqs: [], messages: [], ack: 0, beyond: [], eventSeq: 0, events: [] };
  return { from: "host-1", to: "daemon", ...nothing, ...parts };
}

function heldTo(message: Message): unknown {
  const heard = fromThePast(frame({ messages: [message] }), "daemon", asOfMs);
  return heard?.messages.map((message) => message.kind === "request" && message.asOfMs);
}

Deno.test("a request from the past sees at most its host's instant, whatever it asks for", () => {
  assert.deepEqual(heldTo(request), [asOfMs], "without an instant");
  assert.deepEqual(heldTo({ ...request, asOfMs: asOfMs + 1 }), [asOfMs], "with a later one");
  assert.deepEqual(heldTo({ ...request, asOfMs: asOfMs - 1 }), [asOfMs - 1], "an earlier one");
});

Deno.test("a host of the past can send only to the daemon", () => {
  for (const to of ["host-2", everyone]) {
    assert.equal(fromThePast(frame({ to, messages: [request] }), "daemon", asOfMs), undefined);
  }
});

Deno.test("events of a host of the past are dropped", () => {
  const heard = fromThePast(frame({ eventSeq: 3, events: [event] }), "daemon", asOfMs);
  assert.deepEqual(heard, frame({}));
  const replayed = { kind: "replayed", lostUpTo: 0, events: [event] } as const;
  assert.equal(fromThePast(frame({ messages: [replayed] }), "daemon", asOfMs), undefined);
});

Deno.test("a host of the past can neither replay nor count present events", () => {
  const replay = { kind: "replay", after: 0, upTo: 9 } as const;
  assert.equal(fromThePast(frame({ messages: [replay] }), "daemon", asOfMs), undefined);
  const answer = frame({ from: "daemon", to: "host-1", eventSeq: 7, events: [event] });
  assert.deepEqual(toThePast(answer, "daemon", "host-1"), { ...answer, eventSeq: 0, events: [] });
  assert.equal(toThePast(frame({ from: "daemon", to: everyone }), "daemon", "host-1"), undefined);
});

Deno.test("a host of the past hears only the daemon", () => {
  const reply: Message = { kind: "reply", id: 1, output: "1" };
  const to = "host-1";
  const said = frame({ from: "host-2", to, messages: [reply] });
  assert.equal(toThePast(said, "daemon", to), undefined);
  assert.deepEqual(toThePast({ ...said, from: "daemon" }, "daemon", to)?.messages, [reply]);
});
