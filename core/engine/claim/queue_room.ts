/**
 * How many more executions may be queued. The table is counted only now and then, because it
 * outlives the daemon and may have other writers. Between two counts, starts are subtracted.
 */

import { AppError } from "../../errors.ts";

/** A full queue is not recounted sooner than this. */
const recountAfterMs = 250;

export interface QueueRoomOptions {
  readonly max: number;
  /** Counts the queued executions. */
  readonly count: () => Promise<number>;
  readonly now: () => number;
}

export class QueueRoom {
  readonly #options: QueueRoomOptions;
  #left = 0;
  #countedAtMs = -Infinity;
  #counting: Promise<void> | undefined;

  constructor(options: QueueRoomOptions) {
    this.#options = options;
  }

  /**
   * Takes one place in the queue.
   * @throws {AppError} `overloaded` while the queue is full; `store_unavailable`.
   */
  async take(workflow: string): Promise<void> {
    const { max, now } = this.#options;
    if (this.#left <= 0 && Math.abs(now() - this.#countedAtMs) >= recountAfterMs) {
      await (this.#counting ??= this.#recount());
    }
    if (this.#left-- > 0) return;
    this.#left = 0;
    throw new AppError(
      "overloaded",
      `Cannot start workflow "${workflow}": ${max} executions are queued, which is the ` +
        `limit; try again later, or raise AC100_QUEUE_MAX`,
    );
  }

  async #recount(): Promise<void> {
    const { max, count, now } = this.#options;
    try {
      const waiting = await count();
      this.#countedAtMs = now();
      this.#left = Math.max(0, max - waiting);
    } finally {
      this.#counting = undefined;
    }
  }
}
