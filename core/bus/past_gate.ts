/**
 * The gate between the daemon and a host that lives at an earlier instant. Nothing of now passes
 * to such a host but answers, and nothing of it reaches anyone but the daemon:
 *
 * - it asks the daemon alone, and every request sees up to the host's instant at the latest,
 *   whatever its envelope says; an earlier instant stands;
 * - it hears no event and can't have one sent again; its own events end here, so that no workflow
 *   or alert of now starts from them.
 */

import type { Frame, Message } from "./frame.ts";

/** The ways out that a request, its end and its answer take. */
const admitted: ReadonlySet<Message["kind"]> = new Set(["request", "reply", "failure", "cancel"]);

/** What the daemon hears of a frame from a host as of `asOfMs`; undefined: nothing. Pure. */
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

/** What a host of the past at `address` hears of a frame; undefined: nothing. Pure. */
export function toThePast(frame: Frame, daemon: string, address: string): Frame | undefined {
  if (frame.from !== daemon || frame.to !== address) return undefined;
  return { ...frame, eventSeq: 0, events: [] };
}
