/** What the daemon accepts from a host: well-formed frames, only as its own agents, in bounds. */

import assert from "node:assert/strict";
import { bodyMax } from "../../../core/bus/bulk.ts";
import { eventBodyMax } from "../../../core/bus/failures.ts";
import { EventBudget } from "../../../core/bus/event_budget.ts";
import type { EventRecord, Frame, Message } from "../../../core/bus/frame.ts";
import { Gate } from "../../../core/bus/gate.ts";

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

function openGate(): Gate {
  return new Gate({ agents: own, mayPublish: (topic) => !topic.startsWith("execution.") });
}

/** Whether a frame with these parts, which the types may not allow, is accepted. */
function says(parts: Readonly<Record<string, unknown>>, gate = openGate()): boolean {
  try {
    gate.check({ ...base, ...parts } as Frame);
    return true;
  } catch (thrown) {
    assert.equal((thrown as { code?: string }).code, "host_gone");
    return false;
  }
}

Deno.test("a host may send every kind of message for its own agents", () => {
  const messages: Message[] = [
    request,
    { ...request, asOfMs: -1 },
    { kind: "reply", id: 1, output: "1", bulk: [3, 5_000] },
    { kind: "failure", id: 1, error },
    { kind: "cancel", id: 1, reason: error },
    { kind: "replay", after: 0, upTo: 3 },
    { kind: "replayed", lostUpTo: 0, events: [event] },
  ];
  for (const message of messages) assert.ok(says({ messages: [message] }), message.kind);
  assert.ok(says({ events: [event] }));
});

Deno.test("a host cannot send as another agent or as the daemon", () => {
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
    ...Object.entries({ id: "1", address: 7, input: {}, timeoutMs: NaN, bulk: 1 })
      .map(([key, value]) => ({ messages: [{ ...request, [key]: value }] })),
    ...[[1], [1, -1], [1, bodyMax + 1], ["1", 1], [1, 1, 1]]
      .map((bulk) => ({ messages: [{ ...request, bulk }] })),
    { messages: [{ ...request, address: "x".repeat(513) }] },
    { events: [{ ...event, topic: "x".repeat(513) }] },
    { events: [{ ...event, body: null }] },
    { messages: [{ kind: "reply", id: 1 }] },
    { messages: [{ kind: "failure", id: 1, error: { code: "made_up", message: "m" } }] },
    { messages: [{ kind: "cancel", id: 1 }] },
    { messages: [{ kind: "replay", after: 0, upTo: Infinity }] },
    { messages: [{ kind: "replayed", lostUpTo: 0, events: {} }] },
  ];
  for (const parts of broken) assert.ok(!says(parts), JSON.stringify(parts));
});

Deno.test("a host cannot publish in the daemon's name, nor by a replay", () => {
  const forged = { ...event, topic: "execution.completed" };
  assert.ok(!says({ events: [forged] }));
  assert.ok(!says({ messages: [{ kind: "replayed", lostUpTo: 0, events: [forged] }] }));
});

Deno.test("a host that publishes more than twice its share is found out", () => {
  const gate = openGate();
  const budget = new EventBudget();
  const body = "x".repeat(eventBodyMax);
  let honest = 0;
  while (budget.take(body.length)) honest++;
  for (let sent = 0; sent < honest; sent++) assert.ok(says({ events: [{ ...event, body }] }, gate));
  const isFoundOut = Array.from(
    { length: 3 * honest },
    () => says({ events: [{ ...event, body }] }, gate),
  );
  assert.ok(isFoundOut.includes(false));
});

Deno.test("a budget of events is filled again with time, up to a burst", () => {
  let nowMs = 0;
  const budget = new EventBudget(1, () => nowMs);
  const drain = (): number => {
    let taken = 0;
    while (budget.take(10_000)) taken++;
    return taken;
  };
  const burst = drain();
  assert.ok(burst > 100);
  nowMs += 1_000;
  const second = drain();
  assert.ok(second > 0 && second < burst / 2, `${second} of ${burst}`);
  nowMs += 3_600_000;
  assert.equal(drain(), burst);
});
