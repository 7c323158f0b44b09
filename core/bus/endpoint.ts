/**
 * One thread's end of the channel: a {@link Link} to each peer, the events published here, and the
 * one timer that resends and acknowledges. Messages sent in one turn leave together in one frame.
 */

import type { Channel } from "./channel.ts";
import { eventCharacters } from "./event_budget.ts";
import { EventRing, EventTail } from "./events.ts";
import { type Cargo, type EventRecord, everyone, type Frame, type Message } from "./frame.ts";
import { Link } from "./link.ts";

/** An acknowledgement waits this long for a message to carry it; well under the resend delay. */
const tickMs = 10;
const eventsPerFrameMax = 64;
const eventCharactersPerFrameMax = 64 * 1024;
/** Characters of events waiting for the end of the turn; `publish` refuses more. */
const outboxCharactersMax = 4 * 1024 * 1024;
/** A peer with more messages to take first is not sent lost events. */
const pendingForReplayMax = 1_024;
const goneMax = 1_000;

export interface EndpointOptions {
  readonly address: string;
  readonly channel: Channel;
  readonly onMessage: (from: string, message: Message) => void;
  readonly onEvent: (event: EventRecord) => void;
  /** Called when events of a publisher are lost for good. */
  readonly onLost: (publisher: string, count: number) => void;
  /** A monotonic clock, in milliseconds. */
  readonly now?: () => number;
}

interface Peer {
  readonly address: string;
  readonly link: Link;
  tail: EventTail | undefined;
}

/** Counters since the endpoint opened. */
export interface EndpointCounts {
  sent: number;
  received: number;
  resent: number;
  duplicates: number;
  lostEvents: number;
}

const nothing: Cargo = { seqs: [], messages: [], ack: 0, beyond: [] };

export class Endpoint {
  readonly address: string;
  readonly #options: EndpointOptions;
  readonly #now: () => number;
  readonly #peers = new Map<string, Peer>();
  readonly #gone = new Set<string>();
  readonly #ring = new EventRing();
  readonly #dirty = new Set<Peer>();
  readonly #counts = { sent: 0, received: 0, lostEvents: 0, resentBefore: 0, duplicatesBefore: 0 };
  #outbox: EventRecord[] = [];
  #outboxCharacters = 0;
  #eventSeqPosted = 0;
  #flushPlanned = false;
  #timer: ReturnType<typeof setTimeout> | undefined;
  #closed = false;
  #hearsEvents = false;

  constructor(options: EndpointOptions) {
    this.#options = options;
    this.address = options.address;
    this.#now = options.now ?? (() => performance.now());
    options.channel.listen((frame) => this.#hear(frame));
  }

  get counts(): EndpointCounts {
    let resent = this.#counts.resentBefore;
    let duplicates = this.#counts.duplicatesBefore;
    for (const { link } of this.#peers.values()) {
      resent += link.resent;
      duplicates += link.duplicates;
    }
    const { sent, received, lostEvents } = this.#counts;
    return { sent, received, resent, duplicates, lostEvents };
  }

  /** Whether this endpoint has subscribers. Events published while it has none are not replayed. */
  set hearsEvents(wanted: boolean) {
    this.#hearsEvents = wanted;
    if (wanted) return;
    for (const peer of this.#peers.values()) peer.tail = undefined;
  }

  /** Delivers `message` to `address` exactly once while both ends live. */
  send(address: string, message: Message): void {
    if (this.#closed || this.#gone.has(address)) return;
    const peer = this.#peer(address);
    peer.link.enqueue(message);
    this.#counts.sent++;
    this.#dirty.add(peer);
    this.#planFlush();
  }

  /** Messages to a peer that it has not acknowledged. */
  pendingTo(address: string): number {
    return this.#peers.get(address)?.link.pending ?? 0;
  }

  /** Whether more events wait to leave than one turn may publish. */
  get isFlooded(): boolean {
    return this.#outboxCharacters > outboxCharactersMax;
  }

  /** Broadcasts an event. Returns its record, so that this thread's subscribers hear it too. */
  publish(topic: string, from: string, body: string): EventRecord {
    const event = this.#ring.add(topic, from, body);
    if (!this.#closed) {
      this.#outbox.push(event);
      this.#outboxCharacters += body.length + eventCharacters;
      this.#planFlush();
    }
    return event;
  }

  /** Forgets a peer that has ended, and ignores its late frames. */
  drop(address: string): void {
    const peer = this.#peers.get(address);
    this.#gone.add(address);
    for (const oldest of this.#gone) {
      if (this.#gone.size <= goneMax) break;
      this.#gone.delete(oldest);
    }
    if (!peer) return;
    this.#counts.resentBefore += peer.link.resent;
    this.#counts.duplicatesBefore += peer.link.duplicates;
    this.#dirty.delete(peer);
    this.#peers.delete(address);
  }

  close(): void {
    if (this.#closed) return;
    this.#flush();
    this.#closed = true;
    clearTimeout(this.#timer);
    this.#options.channel.close();
  }

  #hear(frame: Frame): void {
    if (this.#closed || frame.from === this.address || this.#gone.has(frame.from)) return;
    const isForAll = frame.to === everyone;
    if (!isForAll && frame.to !== this.address) return;
    const peer = this.#peer(frame.from);
    if (this.#hearsEvents) this.#hearEvents(peer, frame);
    if (isForAll) return;
    const messages = peer.link.accept(frame);
    this.#counts.received += messages.length;
    if (peer.link.waits || peer.link.ackPressing) {
      // The acknowledgement in this frame may have opened the window.
      this.#dirty.add(peer);
      this.#planFlush();
    } else if (!peer.link.isQuiet) this.#armTimer();
    for (const message of messages) this.#deliver(peer, message);
  }

  #deliver(peer: Peer, message: Message): void {
    if (message.kind === "replay") {
      this.#replay(peer, message.after, message.upTo);
    } else if (message.kind === "replayed") {
      if (!peer.tail) return;
      const ready = peer.tail.accept(message.events);
      this.#handOn(peer, peer.tail, [...ready, ...peer.tail.skip(message.lostUpTo)]);
    } else {
      this.#options.onMessage(peer.address, message);
    }
  }

  /** A subscriber that gets no answer asks again. */
  #replay(peer: Peer, after: number, upTo: number): void {
    if (peer.link.pending > pendingForReplayMax) return;
    const { events, lostUpTo } = this.#ring.replay(after, upTo);
    if (events.length === 0) this.send(peer.address, { kind: "replayed", lostUpTo, events });
    for (const some of batches(events)) {
      this.send(peer.address, { kind: "replayed", lostUpTo, events: some });
    }
  }

  #hearEvents(peer: Peer, frame: Frame): void {
    peer.tail ??= new EventTail(frame.events[0]?.seq ?? frame.eventSeq + 1);
    peer.tail.learn(frame.eventSeq);
    this.#handOn(peer, peer.tail, peer.tail.accept(frame.events));
  }

  #handOn(peer: Peer, tail: EventTail, ready: readonly EventRecord[]): void {
    const gap = tail.gap(this.#now());
    if (gap) this.send(peer.address, { kind: "replay", ...gap });
    if (tail.lost > 0) {
      this.#counts.lostEvents += tail.lost;
      this.#options.onLost(peer.address, tail.lost);
      tail.lost = 0;
    }
    for (const event of ready) this.#options.onEvent(event);
  }

  #peer(address: string): Peer {
    let peer = this.#peers.get(address);
    if (!peer) {
      peer = { address, link: new Link(), tail: undefined };
      this.#peers.set(address, peer);
    }
    return peer;
  }

  #planFlush(): void {
    if (this.#flushPlanned) return;
    this.#flushPlanned = true;
    queueMicrotask(() => {
      this.#flushPlanned = false;
      if (!this.#closed) this.#flush();
    });
  }

  #flush(): void {
    this.#flushEvents();
    const nowMs = this.#now();
    for (const peer of this.#dirty) {
      for (let cargo = peer.link.take(nowMs); cargo; cargo = peer.link.take(nowMs)) {
        this.#post(peer.address, cargo);
      }
      if (peer.link.ackPressing) this.#post(peer.address, peer.link.takeAck());
      if (!peer.link.isQuiet) this.#armTimer();
    }
    this.#dirty.clear();
  }

  #flushEvents(): void {
    if (this.#outbox.length === 0) return;
    const outbox = this.#outbox;
    this.#outbox = [];
    this.#outboxCharacters = 0;
    for (const events of batches(outbox)) {
      this.#eventSeqPosted = events.at(-1)?.seq ?? this.#eventSeqPosted;
      this.#post(everyone, nothing, events);
      this.#ring.posted(this.#now());
      this.#armTimer();
    }
  }

  #post(to: string, cargo: Cargo, events: readonly EventRecord[] = []): void {
    const { seqs, messages, ack, beyond } = cargo;
    const eventSeq = this.#eventSeqPosted;
    const from = this.address;
    this.#options.channel.post({ from, to, seqs, messages, ack, beyond, eventSeq, events });
  }

  #armTimer(): void {
    this.#timer ??= setTimeout(() => {
      this.#timer = undefined;
      this.#tick();
    }, tickMs);
  }

  #tick(): void {
    const nowMs = this.#now();
    if (this.#ring.mustAnnounce(nowMs)) this.#post(everyone, nothing);
    if (!this.#ring.isQuiet) this.#armTimer();
    for (const peer of this.#peers.values()) {
      const cargo = peer.link.overdue(nowMs);
      if (cargo) this.#post(peer.address, cargo);
      else if (peer.link.ackOwed) this.#post(peer.address, peer.link.takeAck());
      if (!peer.link.isQuiet) this.#armTimer();
    }
  }
}

/** Splits events into groups that fit a frame. */
function* batches(events: readonly EventRecord[]): Generator<readonly EventRecord[]> {
  let batch: EventRecord[] = [];
  let characters = 0;
  for (const event of events) {
    const more = event.body.length + eventCharacters;
    const isFull = batch.length >= eventsPerFrameMax ||
      characters + more > eventCharactersPerFrameMax;
    if (isFull && batch.length > 0) {
      yield batch;
      batch = [];
      characters = 0;
    }
    batch.push(event);
    characters += more;
  }
  if (batch.length > 0) yield batch;
}
