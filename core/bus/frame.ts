/**
 * What travels between threads. A frame goes from one endpoint to another (or to all) and carries
 * messages of one {@link Link}, the acknowledgement of the other direction, and events.
 * Bodies are JSON text: their size is known, they clone as fast as memory copies, and the store
 * keeps them as they came.
 */

import type { ErrorData } from "../errors.ts";

/**
 * One reliable, addressed message. `id` is the caller's number for its request; `bulk`, where it
 * is there, is the number under which the body comes by the peers' private way.
 */
export type Message =
  | {
    readonly kind: "request";
    readonly id: number;
    readonly address: string;
    readonly input: string;
    /** Who asks: an agent's id, or `daemon`. */
    readonly caller: string;
    /** How long the caller will wait, from now. */
    readonly timeoutMs: number;
    /** The instant it sees up to, in UTC milliseconds; absent: it is asked now. */
    readonly asOfMs?: number;
    readonly bulk?: number;
  }
  | {
    readonly kind: "reply";
    readonly id: number;
    readonly output: string;
    readonly bulk?: number;
  }
  | { readonly kind: "failure"; readonly id: number; readonly error: ErrorData }
  | { readonly kind: "cancel"; readonly id: number; readonly reason: ErrorData }
  /** Asks a publisher for its events `after < seq <= upTo`, which did not arrive. */
  | { readonly kind: "replay"; readonly after: number; readonly upTo: number }
  /** The answer: what the ring still holds; all up to `lostUpTo` is gone for good. */
  | {
    readonly kind: "replayed";
    readonly lostUpTo: number;
    readonly events: readonly EventRecord[];
  };

/** One published event. `seq` counts a publisher's events without a gap, from 1. */
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
  /** The newest event `from` has published: how a subscriber notices that it missed one. */
  readonly eventSeq: number;
  readonly events: readonly EventRecord[];
}

/** Whether something heard on the channel has the form of a frame. */
export function isFrame(value: unknown): value is Frame {
  if (typeof value !== "object" || value === null) return false;
  const frame = value as Partial<Record<keyof Frame, unknown>>;
  return typeof frame.from === "string" && typeof frame.to === "string" &&
    typeof frame.ack === "number" && typeof frame.eventSeq === "number" &&
    Array.isArray(frame.seqs) && Array.isArray(frame.messages) &&
    frame.seqs.length === frame.messages.length &&
    Array.isArray(frame.beyond) && Array.isArray(frame.events);
}

/** A rough size in bytes: what a batch is bounded by. */
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
