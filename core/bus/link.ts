/**
 * Reliable delivery to one peer over a channel that loses silently. No I/O, no clock: the caller
 * passes the time, posts what {@link Link.take} and {@link Link.overdue} return, and passes what
 * arrives to {@link Link.accept}.
 *
 * Every message has a sequence number and is kept until the peer acknowledges it. Without an
 * acknowledgement it is resent, at growing delays. The receiver remembers what has arrived:
 * `received` (everything up to it) and `beyond` (single ones after it), so each message is
 * delivered exactly once. Acknowledgements ride on the frames of the other direction.
 *
 * At most {@link windowMax} messages are in flight, because a receiving thread keeps 256 frames and
 * drops older ones. None is more than {@link spanMax} after the oldest unacknowledged one, which
 * limits what the receiver must remember.
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

  /** Messages not yet acknowledged, sent or queued. */
  get pending(): number {
    return this.#queue.length - this.#queueHead + this.#unacked.size;
  }

  /** Whether messages are queued. */
  get waits(): boolean {
    return this.#queueHead < this.#queue.length;
  }

  /** Whether this link can do without the endpoint's timer. */
  get isQuiet(): boolean {
    return this.#ackOwed === 0 && this.pending === 0;
  }

  /** Whether to send an acknowledgement now instead of waiting for a message to carry it. */
  get ackPressing(): boolean {
    return this.#ackOwed >= windowMax / 2;
  }

  get ackOwed(): boolean {
    return this.#ackOwed > 0;
  }

  /** The next messages to send; undefined when the window is full or the queue empty. */
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

  /** The messages due to be resent; undefined when there are none. */
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

  /** Accepts a frame's cargo; returns the messages that had not arrived before. */
  accept(cargo: Cargo): Message[] {
    this.#settle(cargo);
    const arrived: Message[] = [];
    cargo.seqs.forEach((seq, index) => {
      if (seq > this.#received + spanMax) return; // no honest peer sends so far ahead
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
