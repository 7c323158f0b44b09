/**
 * The gate between the daemon and a host that lives at an earlier instant. Only answers enter such
 * a host, and what it sends reaches only the daemon:
 *
 * - it may ask only the daemon, and each request sees at most up to the host's instant, whatever
 *   its envelope says; an earlier instant is kept;
 * - it hears no events and cannot request a replay; its own events are dropped, so that they
 *   trigger no workflow or alert of the present.
 */

import type { Frame, Message } from "./frame.ts";

/** The messages that make up a request and its end. */
const admitted: ReadonlySet<Message["kind"]> = new Set(["request", "reply", "failure", "cancel"]);

/** What the daemon hears of a frame from a host as of `asOfMs`; undefined to drop it. Pure. */
export function fromThePast(frame: Frame, daemon: string, asOfMs: number): Frame | undefined {
  const { to, messages } = frame;
  if (to !== daemon || !messages.every(({ kind }) => admitted.has(kind))) return undefined;
  return {
    ...frame,
    messages: messages.map((message) =>
      message.kind === "request"
        ? { ...message, asOfMs: Math.min(asOfMs, message.asOfMs ?? asOfMs) }
        : message
    ),
    eventSeq: 0,
    events: [],
  };
}

/** What a host of the past at `address` hears of a frame; undefined to drop it. Pure. */
export function toThePast(frame: Frame, daemon: string, address: string): Frame | undefined {
  if (frame.from !== daemon || frame.to !== address) return undefined;
  return { ...frame, eventSeq: 0, events: [] };
}
