/**
 * Forgets what ended long ago: executions, with their steps and payloads. A little at a time, each
 * a transaction of its own with a pause after it, so that nobody waits for it and a daemon may die
 * at any instant. Texts of workflows stay: they are few, and say what was done.
 */

import { messageOf } from "../errors.ts";
import type { Log } from "../log.ts";
import type { Database } from "./database.ts";

/** Executions that are forgotten in one transaction. */
const batchMax = 50;
const pauseMs = 20;
const everyMs = 3_600_000;

export interface RetentionOptions {
  readonly database: Database;
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

  /** Forgets what ended before an instant; gives how many executions it were. */
  async forget(beforeMs: number): Promise<number> {
    const { database } = this.#options;
    let count = 0;
    for (;;) {
      const [forgotten] = await database.write([{ sql: forgetSql, args: [beforeMs, batchMax] }]);
      count += forgotten?.length ?? 0;
      if ((forgotten?.length ?? 0) < batchMax || this.#closing.signal.aborted) return count;
      await new Promise((resolve) => setTimeout(resolve, pauseMs));
    }
  }
}

const forgetSql = `DELETE FROM workflow_executions WHERE execution_id IN (
    SELECT execution_id FROM workflow_executions
    WHERE completed_at IS NOT NULL AND completed_at < ?1 ORDER BY completed_at LIMIT ?2)
  RETURNING execution_id`;
