/**
 * What travels between threads. A frame goes from one endpoint to another, or to all. It carries
 * messages of one {@link Link}, the acknowledgement of the other direction, and events. Bodies are
 * JSON text: their size is known, they clone as fast as memory copies, and the store keeps them
 * unchanged.
 */

import type { ErrorData } from "../errors.ts";

/** The number of a body that travels on the peers' private way, and its length in characters. */
export type Bulk = readonly [number: number, length: number];

/**
 * One reliable, addressed message. `id` is the caller's number for its request. `bulk`, if present,
 * stands for the body.
 */
export type Message =
  | {
    readonly kind: "request";
    readonly id: number;
    readonly address: string;
    readonly input: string;
    /** The caller: an agent's id, or `daemon`. */
    readonly caller: string;
    /** How long the caller waits, from now. */
    readonly timeoutMs: number;
    /** The request sees what was public at this instant, in UTC milliseconds; absent: now. */
    readonly asOfMs?: number;
    readonly bulk?: Bulk;
  }
  | {
    readonly kind: "reply";
    readonly id: number;
    readonly output: string;
    readonly bulk?: Bulk;
  }
  | { readonly kind: "failure"; readonly id: number; readonly error: ErrorData }
  | { readonly kind: "cancel"; readonly id: number; readonly reason: ErrorData }
  /** Asks a publisher for its events `after < seq <= upTo`, which did not arrive. */
  | { readonly kind: "replay"; readonly after: number; readonly upTo: number }
  /** The answer: the events the ring still holds; those up to `lostUpTo` are lost for good. */
  | {
    readonly kind: "replayed";
    readonly lostUpTo: number;
    readonly events: readonly EventRecord[];
  };

/** One published event. `seq` numbers a publisher's events from 1 without gaps. */
export interface EventRecord {
  readonly seq: number;
  readonly topic: string;
  readonly from: string;
  readonly body: string;
}

/** The part of a frame that belongs to one link. */
export interface Cargo {
  /** The sequence number of each of `messages`. */
  readonly seqs: readonly number[];
  readonly messages: readonly Message[];
  /** Every message up to this one has arrived. */
  readonly ack: number;
  /** Messages after `ack` that arrived since the last frame. */
  readonly beyond: readonly number[];
}

/** The address that every endpoint hears. */
export const everyone = "*";

export interface Frame extends Cargo {
  readonly from: string;
  readonly to: string;
  /** The number of the newest event `from` has published, by which a subscriber detects a gap. */
  readonly eventSeq: number;
  readonly events: readonly EventRecord[];
}

const labelMax = 512;

/** Whether a value can be an address or a topic. Agents may pass anything. */
export function isLabel(value: unknown): value is string {
  return typeof value === "string" && value.length <= labelMax;
}

/** Whether a value from the channel has the form of a frame. The messages are not checked. */
export function isFrame(value: unknown): value is Frame {
  if (typeof value !== "object" || value === null) return false;
  const frame = value as Partial<Record<keyof Frame, unknown>>;
  return typeof frame.from === "string" && typeof frame.to === "string" &&
    typeof frame.ack === "number" && typeof frame.eventSeq === "number" &&
    Array.isArray(frame.seqs) && Array.isArray(frame.messages) &&
    frame.seqs.length === frame.messages.length &&
    Array.isArray(frame.beyond) && Array.isArray(frame.events);
}

/** A rough size in bytes, which limits a batch. */
export function weight(message: Message): number {
  switch (message.kind) {
    case "request":
      return 100 + message.input.length;
    case "reply":
      return 50 + message.output.length;
    case "replayed":
      return message.events.reduce((sum, event) => sum + 100 + event.body.length, 50);
    default:
      return 200;
  }
}
