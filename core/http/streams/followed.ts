/**
 * One execution and those who follow it. A view of it may be large and costs reads of the store:
 * it is read and encoded once for all whose reader has taken the one before, not more often than
 * every so many milliseconds, but at once when a reader comes and when the execution ends. What
 * changes in between is in the next view: a reader that missed one has lost nothing.
 */

import { messageOf } from "../../errors.ts";
import { isFinal } from "../../statuses.ts";
import type { ExecutionEvent, ExecutionView } from "../api.ts";
import { type Frame, frameOf } from "./frame.ts";
import type { Reader } from "./streams.ts";

/** What a reader has not seen: of one step, or of the execution. */
export interface Change {
  readonly step?: string;
}

export interface FollowedOptions {
  readonly readView: () => Promise<ExecutionView>;
  /** How long the next view waits after one, unless the execution ends. */
  readonly everyMs: () => number;
  readonly onBroken: (reason: string) => void;
}

export class Followed {
  readonly #options: FollowedOptions;
  readonly #unseen = new Map<Reader, Change | undefined>();
  #timer: ReturnType<typeof setTimeout> | undefined;
  #dueAtMs = Infinity;
  #readAtMs = -Infinity;
  #isReading = false;
  #hasEnded = false;

  constructor(options: FollowedOptions) {
    this.#options = options;
  }

  get isEmpty(): boolean {
    return this.#unseen.size === 0;
  }

  add(reader: Reader): void {
    this.#unseen.set(reader, {});
    this.#plan(0);
  }

  remove(reader: Reader): void {
    this.#unseen.delete(reader);
    if (this.isEmpty) clearTimeout(this.#timer);
  }

  /** Something happened to the execution, maybe its end. */
  changed(change: Change, isEnd: boolean): void {
    for (const [reader, unseen] of this.#unseen) {
      this.#unseen.set(reader, !unseen || unseen.step === change.step ? change : {});
    }
    this.#hasEnded ||= isEnd;
    this.#plan();
  }

  /** The reader has taken what it was sent, and can be sent what it has not seen. */
  drained(reader: Reader): void {
    if (this.#unseen.get(reader)) this.#plan();
  }

  #plan(atMs = this.#hasEnded ? 0 : this.#readAtMs + this.#options.everyMs()): void {
    if (atMs >= this.#dueAtMs) return;
    this.#dueAtMs = atMs;
    if (!this.#isReading) this.#arm();
  }

  #arm(): void {
    clearTimeout(this.#timer);
    if (this.#dueAtMs === Infinity || this.isEmpty) return;
    const waitMs = Math.max(0, this.#dueAtMs - performance.now());
    this.#timer = setTimeout(() => void this.#show(), waitMs);
  }

  /** Sends a view to all who can take it. */
  async #show(): Promise<void> {
    this.#dueAtMs = Infinity;
    const due = [...this.#unseen].filter(([reader, unseen]) => unseen && reader.isDrained);
    if (due.length === 0) return;
    // Seen before it is read: what changes meanwhile is unseen again.
    for (const [reader] of due) this.#unseen.set(reader, undefined);
    this.#isReading = true;
    this.#readAtMs = performance.now();
    try {
      const view = await this.#options.readView();
      const encode = encoder(view);
      for (const [reader, unseen] of due) {
        reader.send(encode(unseen?.step));
        if (isFinal(view.status)) reader.end();
      }
    } catch (thrown) {
      this.#options.onBroken(messageOf(thrown));
      for (const [reader] of due) reader.end();
    } finally {
      this.#isReading = false;
      this.#arm();
    }
  }
}

/** Frames of one view: the same for all who have not seen the same. */
function encoder(execution: ExecutionView): (stepName: string | undefined) => Frame {
  const frames = new Map<string | undefined, Frame>();
  return (stepName) => {
    const known = frames.get(stepName);
    if (known) return known;
    const step = execution.steps?.find(({ name }) => name === stepName);
    const event: ExecutionEvent = step
      ? { kind: "step", execution, step }
      : { kind: "execution", execution };
    const frame = frameOf({ event: event.kind, data: JSON.stringify(event) });
    frames.set(stepName, frame);
    return frame;
  };
}
