/**
 * Events over a lossy broadcast. A publisher numbers its events and keeps the newest in a ring. A
 * subscriber passes them on in order, detects gaps by the numbers, asks for what is missing, and
 * counts as lost what the ring no longer holds. Neither end has I/O or a clock of its own.
 */

import type { EventRecord } from "./frame.ts";

const ringMax = 1_024;
/** Characters of body that the ring keeps; its newest event is kept whatever its size. */
const ringCharactersMax = 4 * 1024 * 1024;
const heldMax = 4_096;
const askAgainAfterMs = 1_000;
const announceAfterMs = 10;
const announceAfterMsMax = 2_000;

/** The publisher's end. */
export class EventRing {
  #seq = 0;
  readonly #ring: EventRecord[] = [];
  #characters = 0;
  #announceAtMs = Infinity;
  #announceAfterMs = announceAfterMs;

  /** The number of the newest event. */
  get seq(): number {
    return this.#seq;
  }

  add(topic: string, from: string, body: string): EventRecord {
    const event = { seq: ++this.#seq, topic, from, body };
    this.#ring.push(event);
    this.#characters += body.length;
    if (this.#ring.length > ringMax * 2 || this.#characters > ringCharactersMax * 2) this.#trim();
    return event;
  }

  /** Removes the oldest events, many at once so that adding stays cheap. */
  #trim(): void {
    let first = Math.max(0, this.#ring.length - ringMax);
    let characters = 0;
    for (let at = this.#ring.length - 1; at >= first; at--) {
      characters += this.#ring[at]?.body.length ?? 0;
      if (characters > ringCharactersMax) first = at + 1;
    }
    const forgotten = this.#ring.splice(0, Math.min(first, this.#ring.length - 1));
    for (const { body } of forgotten) this.#characters -= body.length;
  }

  /** Records that events were broadcast at `nowMs`. */
  posted(nowMs: number): void {
    this.#announceAfterMs = announceAfterMs;
    this.#announceAtMs = nowMs + announceAfterMs;
  }

  /**
   * Whether to broadcast the newest number again. A lost last event is noticed only through what
   * comes after it, so a silent publisher repeats the number at growing delays, then stops.
   */
  mustAnnounce(nowMs: number): boolean {
    if (nowMs < this.#announceAtMs) return false;
    this.#announceAfterMs *= 2;
    const isLast = this.#announceAfterMs > announceAfterMsMax;
    this.#announceAtMs = isLast ? Infinity : nowMs + this.#announceAfterMs;
    return true;
  }

  /** Whether there is nothing left to announce. */
  get isQuiet(): boolean {
    return this.#announceAtMs === Infinity;
  }

  /**
   * The events `after < seq <= upTo` that the ring still holds; those up to `lostUpTo` are gone.
   */
  replay(after: number, upTo: number): { events: EventRecord[]; lostUpTo: number } {
    const events = this.#ring.filter(({ seq }) => seq > after && seq <= upTo);
    const first = events[0]?.seq ?? upTo + 1;
    return { events, lostUpTo: first - 1 > after ? first - 1 : after };
  }
}

/** A subscriber's view of one publisher. Events published before it began are not replayed. */
export class EventTail {
  #next: number;
  #newest = 0;
  #askedUpTo = 0;
  #askedAtMs = 0;
  readonly #held = new Map<number, EventRecord>();
  lost = 0;

  constructor(next: number) {
    this.#next = next;
  }

  /** Accepts events in any order; returns those that are now next, in order. */
  accept(events: readonly EventRecord[]): EventRecord[] {
    for (const event of events) {
      if (event.seq >= this.#next && this.#held.size < heldMax) this.#held.set(event.seq, event);
    }
    return this.#release();
  }

  /** Gives up on all events up to `seq` that have not arrived. */
  skip(seq: number): EventRecord[] {
    if (seq < this.#next) return [];
    // `seq` is unchecked and may be huge, so loop over the held events, not over the numbers.
    const ready = [...this.#held.values()].filter((event) => event.seq <= seq)
      .sort((a, b) => a.seq - b.seq);
    this.lost += seq - this.#next + 1 - ready.length;
    for (const event of ready) this.#held.delete(event.seq);
    this.#next = seq + 1;
    return [...ready, ...this.#release()];
  }

  /** Notes that the publisher has published at least up to `seq`. */
  learn(seq: number): void {
    this.#newest = Math.max(this.#newest, seq);
  }

  /**
   * The events to ask the publisher for; undefined if none are missing or it was asked recently.
   */
  gap(nowMs: number): { after: number; upTo: number } | undefined {
    if (this.#newest < this.#next) return undefined;
    if (this.#askedUpTo >= this.#next && nowMs - this.#askedAtMs < askAgainAfterMs) {
      return undefined;
    }
    this.#askedUpTo = this.#newest;
    this.#askedAtMs = nowMs;
    return { after: this.#next - 1, upTo: this.#newest };
  }

  #release(): EventRecord[] {
    const ready: EventRecord[] = [];
    for (;;) {
      const event = this.#held.get(this.#next);
      if (!event) return ready;
      this.#held.delete(this.#next++);
      ready.push(event);
    }
  }
}
