/**
 * Forgets what ended long ago: executions, with their steps and payloads. A little at a time, each
 * a transaction of its own with a pause after it, so that nobody waits for it and a daemon may die
 * at any instant. Texts of workflows stay: they are few, and say what was done.
 */

import { messageOf } from "../errors.ts";
import type { Log } from "../log.ts";
import type { Store } from "./store.ts";

/** Executions that are forgotten in one transaction. */
const batchMax = 50;
/**
 * Rows of steps, and what large results count for, that go in one transaction. An execution is
 * never forgotten by halves, as a retry would run again what it lost: the one that reaches the
 * limit goes whole.
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

  /** Forgets now, and once an hour; with no days, never. */
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

  /** Forgets what ended before an instant; returns how many executions it were. */
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
