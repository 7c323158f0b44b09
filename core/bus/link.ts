/**
 * Reliable delivery to one peer over a channel that loses without a signal. Pure: the caller
 * brings the clock, posts what {@link Link.take} and {@link Link.overdue} give and feeds what
 * arrives to {@link Link.accept}.
 *
 * Every message has a sequence number and is kept until the peer has acknowledged it; one that is
 * not acknowledged in time is sent again, each time later. The receiver remembers what it has had:
 * `received` (all up to it) and `beyond` (single ones after it), so each message is handed on
 * exactly once. Acknowledgements ride on the frames of the other direction.
 *
 * At most {@link windowMax} messages are on their way at once, because a receiver keeps 256 frames
 * and forgets older ones; and never one more than {@link spanMax} after the oldest unacknowledged,
 * which bounds what the receiver must remember.
 */

import { type Cargo, type Message, weight } from "./frame.ts";

export const windowMax = 64;
export const spanMax = 1_024;
const batchBytesMax = 64 * 1024;
const resendAfterMs = 60;
const resendAfterMsMax = 2_000;

interface Sent {
  readonly message: Message;
  sentAtMs: number;
  resends: number;
}

export class Link {
  #nextSeq = 1;
  #queue: Message[] = [];
  #queueHead = 0;
  readonly #unacked = new Map<number, Sent>();
  #received = 0;
  readonly #beyond = new Set<number>();
  #fresh: number[] = [];
  #ackOwed = 0;

  resent = 0;
  duplicates = 0;

  enqueue(message: Message): void {
    this.#queue.push(message);
  }

  /** Messages not yet acknowledged, on their way or waiting. */
  get pending(): number {
    return this.#queue.length - this.#queueHead + this.#unacked.size;
  }

  /** Whether messages wait to leave. */
  get waits(): boolean {
    return this.#queueHead < this.#queue.length;
  }

  /** Whether this link needs the endpoint's timer. */
  get isQuiet(): boolean {
    return this.#ackOwed === 0 && this.pending === 0;
  }

  /** Whether an acknowledgement should leave now rather than wait for a message to ride on. */
  get ackPressing(): boolean {
    return this.#ackOwed >= windowMax / 2;
  }

  get ackOwed(): boolean {
    return this.#ackOwed > 0;
  }

  /** The next messages that may leave; undefined when the window is full or none waits. */
  take(nowMs: number): Cargo | undefined {
    const seqs: number[] = [];
    const messages: Message[] = [];
    let bytes = 0;
    while (this.waits && this.#mayAdvance() && bytes < batchBytesMax) {
      const message = this.#queue[this.#queueHead++] as Message;
      const seq = this.#nextSeq++;
      this.#unacked.set(seq, { message, sentAtMs: nowMs, resends: 0 });
      seqs.push(seq);
      messages.push(message);
      bytes += weight(message);
    }
    if (seqs.length === 0) return undefined;
    this.#dropSentFromQueue();
    return this.#cargo(seqs, messages);
  }

  /** An acknowledgement without messages. */
  takeAck(): Cargo {
    return this.#cargo([], []);
  }

  /** What must be sent again by now; undefined when nothing must. */
  overdue(nowMs: number): Cargo | undefined {
    const seqs: number[] = [];
    const messages: Message[] = [];
    let bytes = 0;
    for (const [seq, sent] of this.#unacked) {
      if (bytes >= batchBytesMax) break;
      if (nowMs - sent.sentAtMs < resendDelayMs(sent.resends)) continue;
      sent.sentAtMs = nowMs;
      sent.resends++;
      this.resent++;
      seqs.push(seq);
      messages.push(sent.message);
      bytes += weight(sent.message);
    }
    return seqs.length === 0 ? undefined : this.#cargo(seqs, messages);
  }

  /** Takes in a frame's cargo; gives the messages that had not arrived before. */
  accept(cargo: Cargo): Message[] {
    this.#settle(cargo);
    const arrived: Message[] = [];
    cargo.seqs.forEach((seq, index) => {
      if (seq > this.#received + spanMax) return; // no peer of ours would
      this.#ackOwed++;
      if (seq <= this.#received || this.#beyond.has(seq)) {
        this.duplicates++;
        if (seq > this.#received) this.#fresh.push(seq);
        return;
      }
      this.#beyond.add(seq);
      if (seq > this.#received + 1) this.#fresh.push(seq);
      arrived.push(cargo.messages[index] as Message);
      while (this.#beyond.delete(this.#received + 1)) this.#received++;
    });
    return arrived;
  }

  #settle(cargo: Cargo): void {
    for (const seq of this.#unacked.keys()) {
      if (seq > cargo.ack) break;
      this.#unacked.delete(seq);
    }
    for (const seq of cargo.beyond) this.#unacked.delete(seq);
  }

  #mayAdvance(): boolean {
    if (this.#unacked.size >= windowMax) return false;
    const oldest = this.#unacked.keys().next();
    return oldest.done === true || this.#nextSeq - oldest.value < spanMax;
  }

  #dropSentFromQueue(): void {
    if (this.waits && this.#queueHead < 4_096) return;
    this.#queue.splice(0, this.#queueHead);
    this.#queueHead = 0;
  }

  #cargo(seqs: number[], messages: Message[]): Cargo {
    const beyond = this.#fresh.filter((seq) => seq > this.#received);
    this.#fresh = [];
    this.#ackOwed = 0;
    return { seqs, messages, ack: this.#received, beyond };
  }
}

function resendDelayMs(resends: number): number {
  return Math.min(resendAfterMs * 2 ** resends, resendAfterMsMax);
}
