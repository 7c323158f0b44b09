/**
 * Deletes executions that ended long ago, with their steps and payloads. It deletes in small
 * transactions with a pause after each, so that nobody waits for it and a crash loses nothing else.
 * Workflow texts stay: they are few, and they show what was executed.
 */

import { messageOf } from "../errors.ts";
import type { Log } from "../log.ts";
import type { Store } from "./store.ts";

/** Executions deleted in one transaction. */
const batchMax = 50;
/**
 * The most step rows in one transaction; large results count by their size. An execution is always
 * deleted whole, because a retry would repeat steps whose rows are gone; so the last one may exceed
 * the limit.
 */
const rowsMax = 2_000;
const pauseMs = 20;
const everyMs = 3_600_000;

export interface RetentionOptions {
  readonly store: Pick<Store, "read" | "commit">;
  readonly days: number;
  readonly log: Log;
  readonly now?: () => number;
}

export class Retention {
  readonly #options: RetentionOptions;
  readonly #closing = new AbortController();
  #forgetting: Promise<void> = Promise.resolve();
  #timer: ReturnType<typeof setInterval> | undefined;

  constructor(options: RetentionOptions) {
    this.#options = options;
  }

  /** Deletes now and then once an hour; never if `days` is 0. */
  open(): void {
    if (this.#options.days === 0) return;
    this.#timer = setInterval(() => this.#begin(), everyMs);
    this.#begin();
  }

  async close(): Promise<void> {
    clearInterval(this.#timer);
    this.#closing.abort();
    await this.#forgetting;
  }

  #begin(): void {
    this.#forgetting = this.#forgetting.then(async () => {
      const { days, log, now = Date.now } = this.#options;
      try {
        const count = await this.forget(now() - days * 86_400_000);
        if (count > 0) log.info("executions forgotten", { count, days });
      } catch (thrown) {
        log.error("cannot forget executions", { reason: messageOf(thrown) });
      }
    });
  }

  /** Deletes executions that ended before an instant; returns their number. */
  async forget(beforeMs: number): Promise<number> {
    const { store } = this.#options;
    const ask = { read: "forgettable_executions", beforeMs, limit: batchMax, rowsMax } as const;
    let count = 0;
    for (;;) {
      const ids = await store.read(ask);
      const forgotten = await store.commit(ids.map((executionId) => (
        { kind: "forget_execution", executionId, beforeMs }
      )));
      count += forgotten.filter(Boolean).length;
      if (ids.length === 0 || this.#closing.signal.aborted) return count;
      await new Promise((resolve) => setTimeout(resolve, pauseMs));
    }
  }
}
