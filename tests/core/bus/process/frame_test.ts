/** What a process may send: only as its own agents, and only well-formed frames. */

import assert from "node:assert/strict";
import type { EventRecord, Frame, Message } from "../../../../core/bus/frame.ts";
import { mayProcessSay } from "../../../../core/bus/process/frame.ts";

const base: Frame = {
  from: "host-1",
  to: "daemon",
  seqs: [1],
  messages: [],
  ack: 0,
  beyond: [],
  eventSeq: 0,
  events: [],
};
const own = new Set(["mine"]);
const request = {
  kind: "request",
  id: 1,
  address: "cache.get",
  input: "{}",
  caller: "mine",
  timeoutMs: 10,
} as const;
const event: EventRecord = { seq: 1, topic: "t", from: "mine", body: "1" };
const error = { code: "agent_error", message: "m" } as const;

/** A frame with parts that the types do not allow. */
function says(parts: Readonly<Record<string, unknown>>): boolean {
  return mayProcessSay({ ...base, ...parts } as Frame, own);
}

Deno.test("a process may send every kind of message for its own agents", () => {
  const messages: Message[] = [
    request,
    { ...request, asOfMs: -1 },
    { kind: "reply", id: 1, output: "1", bulk: 3 },
    { kind: "failure", id: 1, error },
    { kind: "cancel", id: 1, reason: error },
    { kind: "replay", after: 0, upTo: 3 },
    { kind: "replayed", lostUpTo: 0, events: [event] },
  ];
  for (const message of messages) assert.ok(says({ messages: [message] }), message.kind);
  assert.ok(says({ events: [event] }));
});

Deno.test("a process cannot send as another agent or as the daemon", () => {
  for (const who of ["daemon", "other", undefined, ["mine"].concat("x")]) {
    assert.ok(!says({ messages: [{ ...request, caller: who }] }));
    assert.ok(!says({ events: [{ ...event, from: who }] }));
    const replayed = { kind: "replayed", lostUpTo: 0, events: [{ ...event, from: who }] };
    assert.ok(!says({ messages: [replayed] }));
  }
});

Deno.test("a frame with a malformed part is refused", () => {
  const broken: Record<string, unknown>[] = [
    { ack: -1 },
    { messages: [{ ...request, asOfMs: "2026-03-01" }] },
    { messages: [{ ...request, asOfMs: 1e300 }] },
    { messages: [{ ...request, asOfMs: null }] },
    { eventSeq: NaN },
    { seqs: ["1"] },
    { beyond: [1.5] },
    { events: [null] },
    ...[null, 1, {}, { kind: "shout" }].map((message) => ({ messages: [message] })),
    ...Object.entries({ id: "1", address: 7, input: {}, timeoutMs: NaN, bulk: -1 })
      .map(([key, value]) => ({ messages: [{ ...request, [key]: value }] })),
    { messages: [{ kind: "reply", id: 1 }] },
    { messages: [{ kind: "failure", id: 1, error: { code: "made_up", message: "m" } }] },
    { messages: [{ kind: "cancel", id: 1 }] },
    { messages: [{ kind: "replay", after: 0, upTo: Infinity }] },
    { messages: [{ kind: "replayed", lostUpTo: 0, events: {} }] },
  ];
  for (const parts of broken) assert.ok(!says(parts), JSON.stringify(parts));
});
