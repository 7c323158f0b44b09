/**
 * Forgets what ended long ago: executions, with their steps and payloads. A little at a time, each
 * a transaction of its own with a pause after it, so that nobody waits for it and a daemon may die
 * at any instant. Texts of workflows stay: they are few, and say what was done.
 */

import { messageOf } from "../errors.ts";
import type { Log } from "../log.ts";
import type { Database } from "./sqlite/database.ts";

/** Executions that are forgotten in one transaction. */
const batchMax = 50;
/**
 * Step rows, and pages of payloads, that go in one transaction. An execution is never forgotten by
 * halves, as a retry would carry out again what it lost: the one that reaches the limit goes whole.
 */
const rowsMax = 2_000;
/** Of payloads; what SQLite takes for a page. */
const pageBytes = 4_096;
const pauseMs = 20;
const everyMs = 3_600_000;

export interface RetentionOptions {
  readonly database: Pick<Database, "write">;
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
      const [forgotten = []] = await database.write([{ sql: forgetSql, args: [beforeMs] }]);
      count += forgotten.length;
      if (forgotten.length === 0 || this.#closing.signal.aborted) return count;
      await new Promise((resolve) => setTimeout(resolve, pauseMs));
    }
  }
}

const forgetSql = `WITH oldest AS MATERIALIZED (
    SELECT execution_id, completed_at FROM workflow_executions
    WHERE completed_at IS NOT NULL AND completed_at < ?1 ORDER BY completed_at LIMIT ${batchMax}
  ),
  weighed AS MATERIALIZED (
    SELECT execution_id, completed_at,
      (SELECT count(*) FROM workflow_step_executions AS step
        WHERE step.execution_id = oldest.execution_id)
      + (SELECT coalesce(sum(size_bytes), 0) / ${pageBytes} FROM payloads AS payload
        WHERE payload.execution_id = oldest.execution_id) AS weight
    FROM oldest
  ),
  summed AS (
    SELECT execution_id,
      sum(weight) OVER (ORDER BY completed_at, execution_id) - weight AS weight_before
    FROM weighed
  )
  DELETE FROM workflow_executions
  WHERE execution_id IN (SELECT execution_id FROM summed WHERE weight_before < ${rowsMax})
  RETURNING execution_id`;
