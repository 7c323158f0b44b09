/**
 * Frames that wait for a reader who does not keep up. It keeps the newest, bounded in number and
 * in bytes, and counts what it drops. Frames are kept by reference: those that many readers wait
 * for are in memory once, though each reader's bounds count them.
 */

import { type Frame, frameOf } from "./frame.ts";

export interface BacklogBounds {
  readonly framesMax: number;
  readonly bytesMax: number;
}

/** Past this many bytes, what waits is handed on in more than one piece. */
const pieceBytesMax = 64 * 1024;

export class Backlog {
  readonly #bounds: BacklogBounds;
  #frames: Frame[] = [];
  /** Frames before it were taken or dropped. */
  #first = 0;
  #bytes = 0;
  #missed = 0;

  constructor(bounds: BacklogBounds) {
    this.#bounds = bounds;
  }

  get isEmpty(): boolean {
    return this.#length === 0 && this.#missed === 0;
  }

  add(frame: Frame): void {
    this.#frames.push(frame);
    this.#bytes += frame.length;
    const { framesMax, bytesMax } = this.#bounds;
    while (this.#length > framesMax || this.#bytes > bytesMax) {
      this.#shift();
      this.#missed++;
    }
  }

  /** The oldest frames, a piece of them; first, how many were dropped before them. */
  take(): Frame[] {
    const taken: Frame[] = [];
    if (this.#missed > 0) taken.push(missedFrame(this.#missed));
    this.#missed = 0;
    let bytes = 0;
    do {
      const frame = this.#shift();
      if (!frame) break;
      taken.push(frame);
      bytes += frame.length;
    } while (bytes < pieceBytesMax);
    return taken;
  }

  get #length(): number {
    return this.#frames.length - this.#first;
  }

  #shift(): Frame | undefined {
    const frame = this.#frames[this.#first];
    if (!frame) return undefined;
    this.#first++;
    this.#bytes -= frame.length;
    // Moving the rest each time would cost the square of what waits.
    if (this.#first * 2 >= this.#frames.length) {
      this.#frames = this.#frames.slice(this.#first);
      this.#first = 0;
    }
    return frame;
  }
}

function missedFrame(count: number): Frame {
  return frameOf({ event: "missed", data: JSON.stringify({ count }) });
}
