/** A publisher's ring and a subscriber's tail under loss, duplication and reordering. */

import assert from "node:assert/strict";
import fc from "fast-check";
import { EventRing, EventTail } from "../../../core/bus/events.ts";
import type { EventRecord } from "../../../core/bus/frame.ts";

/** The ring can replay at least this many of the newest events. */
const ringMax = 1_024;

/** What a publisher broadcasts: some events or none, and the number of its newest. */
interface Broadcast {
  readonly events: readonly EventRecord[];
  readonly eventSeq: number;
}

/** A subscriber, driven as an endpoint drives it. Its replay requests are answered soon or late. */
class Subscriber {
  readonly heard: number[] = [];
  lost = 0;
  #tail: EventTail | undefined;
  #first = 0;
  readonly #ring: EventRing;
  #questions: { after: number; upTo: number }[] = [];

  constructor(ring: EventRing) {
    this.#ring = ring;
  }

  /** The first event it must receive. */
  get first(): number {
    return this.#first;
  }

  hear({ events, eventSeq }: Broadcast, nowMs: number): void {
    if (!this.#tail) {
      this.#first = events[0]?.seq ?? eventSeq + 1;
      this.#tail = new EventTail(this.#first);
    }
    this.#tail.learn(eventSeq);
    this.#handOn(this.#tail.accept(events), nowMs);
  }

  /** Answers the replay requests made so far, as the publisher would. */
  answerAll(nowMs: number): void {
    while (this.#questions.length > 0) {
      const [{ after, upTo } = { after: 0, upTo: 0 }] = this.#questions.splice(0, 1);
      const { events, lostUpTo } = this.#ring.replay(after, upTo);
      const ready = this.#tail?.accept(events) ?? [];
      this.#handOn([...ready, ...this.#tail?.skip(lostUpTo) ?? []], nowMs);
    }
  }

  #handOn(ready: readonly EventRecord[], nowMs: number): void {
    this.heard.push(...ready.map(({ seq }) => seq));
    const question = this.#tail?.gap(nowMs);
    if (question) this.#questions.push(question);
    this.lost += this.#tail?.lost ?? 0;
    if (this.#tail) this.#tail.lost = 0;
  }
}

const round = fc.record({
  published: fc.oneof(fc.integer({ min: 0, max: 5 }), fc.integer({ min: 0, max: 3_000 })),
  fate: fc.constantFrom("lost", "heard", "twice", "late"),
  answered: fc.boolean(),
  afterMs: fc.integer({ min: 0, max: 1_500 }),
});

Deno.test("each event is passed on once and in order, or counted as lost", () => {
  fc.assert(
    fc.property(fc.array(round, { minLength: 1, maxLength: 40, size: "max" }), (rounds) => {
      const ring = new EventRing();
      const subscriber = new Subscriber(ring);
      let nowMs = 0;
      const late: Broadcast[] = [];
      for (const { published, fate, answered, afterMs } of rounds) {
        const events = Array.from({ length: published }, () => ring.add("t.t", "p", "1"));
        const broadcast = { events, eventSeq: ring.seq };
        if (fate === "late") late.push(broadcast);
        if (fate === "heard" || fate === "twice") subscriber.hear(broadcast, nowMs);
        if (fate === "twice") subscriber.hear(broadcast, nowMs);
        if (fate === "heard") late.splice(0).forEach((old) => subscriber.hear(old, nowMs));
        if (answered) subscriber.answerAll(nowMs);
        nowMs += afterMs;
      }
      subscriber.hear({ events: [], eventSeq: ring.seq }, nowMs);
      subscriber.answerAll(nowMs);
      subscriber.hear({ events: [], eventSeq: ring.seq }, nowMs + 1_000);
      subscriber.answerAll(nowMs + 1_000);

      const { heard, lost, first } = subscriber;
      assert.deepEqual(heard, [...new Set(heard)].sort((a, b) => a - b), "order");
      assert.ok(heard.every((seq) => seq >= first));
      assert.equal(heard.length + lost, ring.seq - first + 1, "all are accounted for");
      if (ring.seq - first < ringMax) assert.equal(lost, 0, "the ring held them all");
    }),
    { numRuns: 200 },
  );
});

Deno.test("a gap that appears during a replay is asked for next", () => {
  const tail = new EventTail(1);
  tail.learn(10);
  assert.deepEqual(tail.gap(0), { after: 0, upTo: 10 });
  tail.learn(20);
  assert.equal(tail.gap(1), undefined, "one question at a time");
  tail.skip(10);
  assert.deepEqual(tail.gap(2), { after: 10, upTo: 20 });
});

Deno.test("an unanswered replay request is repeated after a second", () => {
  const tail = new EventTail(1);
  tail.learn(5);
  assert.deepEqual(tail.gap(0), { after: 0, upTo: 5 });
  assert.equal(tail.gap(999), undefined);
  assert.deepEqual(tail.gap(1_000), { after: 0, upTo: 5 });
});

Deno.test("a ring keeps the newest events and reports which ones are lost", () => {
  const ring = new EventRing();
  for (let n = 1; n <= 10_000; n++) ring.add("t.t", "p", String(n));
  const { events, lostUpTo } = ring.replay(0, 10_000);
  assert.ok(events.length >= ringMax && events.length <= 2 * ringMax, `${events.length} kept`);
  assert.equal(lostUpTo, 10_000 - events.length);
  assert.deepEqual(ring.replay(9_998, 10_000).events.map(({ seq }) => seq), [9_999, 10_000]);
  assert.deepEqual(ring.replay(0, 10), { events: [], lostUpTo: 10 });
});

Deno.test("a silent publisher repeats its newest number at growing delays, then stops", () => {
  const ring = new EventRing();
  assert.ok(ring.isQuiet);
  ring.posted(0);
  const announcedAtMs: number[] = [];
  for (let nowMs = 1; nowMs <= 60_000; nowMs++) {
    if (ring.mustAnnounce(nowMs)) announcedAtMs.push(nowMs);
  }
  assert.deepEqual(announcedAtMs, [10, 30, 70, 150, 310, 630, 1_270, 2_550]);
  assert.ok(ring.isQuiet);
});

Deno.test("skip() gives up any number of events at once and passes on the held ones", () => {
  const tail = new EventTail(1);
  const event = (seq: number) => ({ seq, topic: "t", from: "f", body: "" });
  tail.accept([event(7), event(3)]);
  assert.deepEqual(tail.skip(Number.MAX_SAFE_INTEGER).map(({ seq }) => seq), [3, 7]);
  assert.equal(tail.lost, Number.MAX_SAFE_INTEGER - 2);
});

Deno.test("a ring stays within its limit, however large its events are", () => {
  const ring = new EventRing();
  const body = "x".repeat(60_000);
  for (let n = 0; n < 1_000; n++) ring.add("t", "f", body);
  const { events, lostUpTo } = ring.replay(0, ring.seq);
  assert.ok(events.length * body.length <= 8 * 1024 * 1024);
  assert.equal(events.at(-1)?.seq, 1_000);
  assert.equal(lostUpTo, 1_000 - events.length);
});
