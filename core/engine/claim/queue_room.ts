/**
 * How many more executions may wait. The table is counted now and then, since it outlives the
 * daemon and may have other writers; between two counts, starts are subtracted.
 */

import { AppError } from "../../errors.ts";

/** A full queue is counted again no sooner than this. */
const recountAfterMs = 250;

export interface QueueRoomOptions {
  readonly max: number;
  /** Executions that wait now. */
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
   * Takes the place of one execution.
   * @throws {AppError} `overloaded` while too many wait; `store_unavailable`.
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
      `Cannot start workflow "${workflow}": ${max} executions wait already, which is all that ` +
        `may; try again once some have been taken up`,
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
