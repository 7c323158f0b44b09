/** Links under loss, duplication and reordering, with a simulated clock. */

import assert from "node:assert/strict";
import fc from "fast-check";
import type { Cargo, Message } from "../../../core/bus/frame.ts";
import { Link, spanMax, windowMax } from "../../../core/bus/link.ts";

const tickMs = 10;

function request(id: number, length = 10): Message {
  const input = "x".repeat(length);
  return { kind: "request", id, address: "a.b", input, caller: "daemon", timeoutMs: 1_000 };
}

/** What happens to one cargo on its way. */
interface Fate {
  readonly lost: boolean;
  readonly copies: number;
  readonly delayMs: number;
}

const fair: Fate = { lost: false, copies: 1, delayMs: 1 };

/** One end: drives its link as an endpoint does, and asserts the link's bounds. */
class End {
  readonly link = new Link();
  readonly heard: number[] = [];
  readonly #unacked = new Set<number>();
  #ackedUpTo = 0;

  constructor(readonly post: (cargo: Cargo) => void) {}

  flush(nowMs: number): void {
    for (let cargo = this.link.take(nowMs); cargo; cargo = this.link.take(nowMs)) this.#send(cargo);
    if (this.link.ackPressing) this.#send(this.link.takeAck());
  }

  tick(nowMs: number): void {
    const cargo = this.link.overdue(nowMs);
    if (cargo) this.#send(cargo);
    else if (this.link.ackOwed) this.#send(this.link.takeAck());
  }

  hear(cargo: Cargo, nowMs: number): void {
    this.#ackedUpTo = Math.max(this.#ackedUpTo, cargo.ack);
    for (const seq of this.#unacked) {
      if (seq <= cargo.ack || cargo.beyond.includes(seq)) this.#unacked.delete(seq);
    }
    for (const message of this.link.accept(cargo)) {
      if (message.kind === "request") this.heard.push(message.id);
    }
    this.flush(nowMs);
  }

  #send(cargo: Cargo): void {
    for (const seq of cargo.seqs) {
      this.#unacked.add(seq);
      // limits what the other end must remember
      assert.ok(seq <= this.#ackedUpTo + spanMax, `${seq} is ${spanMax} past ${this.#ackedUpTo}`);
    }
    assert.ok(this.#unacked.size <= windowMax, `${this.#unacked.size} are on their way`);
    assert.ok(cargo.beyond.length <= spanMax + windowMax);
    this.post(cargo);
  }
}

/** Two ends and the network between them. */
class Simulation {
  nowMs = 0;
  posted = 0;
  readonly left = new End((cargo) => this.#post(cargo, () => this.right));
  readonly right = new End((cargo) => this.#post(cargo, () => this.left));
  #inFlight: { readonly atMs: number; readonly cargo: Cargo; readonly to: () => End }[] = [];
  readonly #fates: Iterator<Fate>;

  /** Once `fates` are used up, nothing more is lost. */
  constructor(fates: Iterable<Fate>) {
    this.#fates = fates[Symbol.iterator]();
  }

  get isQuiet(): boolean {
    return this.#inFlight.length === 0 && this.left.link.isQuiet && this.right.link.isQuiet;
  }

  tick(): void {
    const untilMs = this.nowMs + tickMs;
    for (;;) {
      this.#inFlight.sort((a, b) => a.atMs - b.atMs);
      const next = this.#inFlight[0];
      if (!next || next.atMs > untilMs) break;
      this.#inFlight.shift();
      this.nowMs = Math.max(this.nowMs, next.atMs);
      next.to().hear(structuredClone(next.cargo), this.nowMs);
    }
    this.nowMs = untilMs;
    this.left.tick(this.nowMs);
    this.right.tick(this.nowMs);
  }

  #post(cargo: Cargo, to: () => End): void {
    this.posted++;
    const { done, value } = this.#fates.next();
    const { lost, copies, delayMs } = done ? fair : value;
    for (let copy = 0; !lost && copy < copies; copy++) {
      this.#inFlight.push({ atMs: this.nowMs + delayMs * (copy + 1), cargo, to });
    }
  }
}

const fate: fc.Arbitrary<Fate> = fc.record({
  lost: fc.boolean(),
  copies: fc.integer({ min: 1, max: 3 }),
  delayMs: fc.oneof(fc.integer({ min: 0, max: 5 }), fc.integer({ min: 0, max: 3_000 })),
});

/** Messages that one end sends at one tick; each up to two batches long. */
const sending = fc.record({
  atTick: fc.integer({ min: 0, max: 200 }),
  fromLeft: fc.boolean(),
  lengths: fc.array(fc.integer({ min: 0, max: 130_000 }), { maxLength: 3 }),
  many: fc.integer({ min: 0, max: 300 }),
});

Deno.test("every message arrives exactly once despite loss, duplication and reordering", () => {
  fc.assert(
    fc.property(
      fc.array(fate, { maxLength: 300, size: "max" }),
      fc.array(sending, { maxLength: 8, size: "max" }),
      (fates, sendings) => {
        const simulation = new Simulation(fates);
        const { left, right } = simulation;
        const sent = { left: [] as number[], right: [] as number[] };
        let id = 0;
        for (let tick = 0; tick <= 200 || !simulation.isQuiet; tick++) {
          assert.ok(tick < 20_000, "still not quiet");
          for (const { fromLeft, lengths, many } of sendings.filter((s) => s.atTick === tick)) {
            const [end, ids] = fromLeft ? [left, sent.left] : [right, sent.right];
            for (const length of [...lengths, ...Array<number>(many).fill(1)]) {
              ids.push(++id);
              end.link.enqueue(request(id, length));
            }
            end.flush(simulation.nowMs);
          }
          simulation.tick();
        }
        assert.deepEqual(right.heard.toSorted((a, b) => a - b), sent.left);
        assert.deepEqual(left.heard.toSorted((a, b) => a - b), sent.right);
        assert.equal(left.link.pending + right.link.pending, 0);
      },
    ),
    { numRuns: 60 },
  );
});

Deno.test("two idle links send nothing", () => {
  const simulation = new Simulation([]);
  simulation.left.link.enqueue(request(1));
  simulation.left.flush(0);
  for (let tick = 0; tick < 10; tick++) simulation.tick();
  assert.equal(simulation.posted, 2, "the message and its acknowledgement");
  for (let tick = 0; tick < 1_000; tick++) simulation.tick();
  assert.equal(simulation.posted, 2);
});

Deno.test("an unacknowledged message is resent at growing delays, without end", () => {
  const link = new Link();
  link.enqueue(request(1));
  assert.deepEqual(link.take(0)?.seqs, [1]);
  const sentAtMs: number[] = [];
  for (let nowMs = 1; nowMs <= 12_000; nowMs++) {
    if (link.overdue(nowMs)) sentAtMs.push(nowMs);
  }
  assert.deepEqual(sentAtMs, [60, 180, 420, 900, 1_860, 3_780, 5_780, 7_780, 9_780, 11_780]);
  assert.equal(link.resent, sentAtMs.length);
});

Deno.test("a link sends at most one window to a silent receiver", () => {
  const link = new Link();
  for (let id = 1; id <= 10_000; id++) link.enqueue(request(id));
  let sent = 0;
  for (let cargo = link.take(0); cargo; cargo = link.take(0)) sent += cargo.seqs.length;
  assert.equal(sent, windowMax);
  assert.equal(link.pending, 10_000);
});

Deno.test("a message that never arrives holds back those more than spanMax after it", () => {
  const [sender, receiver] = [new Link(), new Link()];
  for (let id = 1; id <= 10_000; id++) sender.enqueue(request(id));
  let arrived = 0;
  for (let cargo = sender.take(0); cargo; cargo = sender.take(0)) {
    const seqs = cargo.seqs.filter((seq) => seq > 1);
    const messages = cargo.messages.slice(-seqs.length);
    arrived += receiver.accept({ ...cargo, seqs, messages }).length;
    sender.accept(receiver.takeAck());
  }
  assert.equal(arrived, spanMax - 1);
});

Deno.test("10,000 messages queued at once leave in order", () => {
  const [sender, receiver] = [new Link(), new Link()];
  for (let id = 1; id <= 10_000; id++) sender.enqueue(request(id));
  const arrived: Message[] = [];
  for (let cargo = sender.take(0); cargo; cargo = sender.take(0)) {
    arrived.push(...receiver.accept(cargo));
    sender.accept(receiver.takeAck());
  }
  assert.deepEqual(
    arrived.map((message) => message.kind === "request" && message.id),
    Array.from({ length: 10_000 }, (_, index) => index + 1),
  );
});

Deno.test("a batch ends with the message that makes it heavier than 64 KB", () => {
  const link = new Link();
  for (let id = 1; id <= 10; id++) link.enqueue(request(id, 30_000));
  assert.deepEqual(link.take(0)?.seqs, [1, 2, 3]);
  assert.deepEqual(link.take(0)?.seqs, [4, 5, 6]);
  assert.deepEqual(link.overdue(60)?.seqs, [1, 2, 3]);
});

Deno.test("a message sent again after its acknowledgement was lost is acknowledged again", () => {
  const [sender, receiver] = [new Link(), new Link()];
  sender.enqueue(request(1));
  sender.enqueue(request(2));
  const cargo = sender.take(0);
  assert.ok(cargo);
  const onlySecond = { ...cargo, seqs: [2], messages: cargo.messages.slice(1) };
  assert.equal(receiver.accept(onlySecond).length, 1);
  receiver.takeAck(); // lost
  assert.equal(receiver.accept(onlySecond).length, 0);
  assert.equal(receiver.duplicates, 1);
  assert.deepEqual(receiver.takeAck().beyond, [2]);
});
