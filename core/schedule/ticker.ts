/**
 * Drives a scheduler: one cron tick a minute for all schedules, and one timer for what is due
 * before the next tick. The tick rereads the workflows when their files have changed.
 */

import { messageOf } from "../errors.ts";
import { newOpaqueId } from "../ids.ts";
import type { Log } from "../log.ts";
import type { Scheduled } from "./firings.ts";
import type { Scheduler } from "./scheduler.ts";

const tickMs = 60_000;

export interface TickerOptions {
  readonly scheduler: Pick<
    Scheduler<Scheduled>,
    "sync" | "advance" | "idle" | "nextAtMs"
  >;
  readonly log: Log;
  /** A text that changes whenever a workflow file changes. */
  readonly fingerprint: () => Promise<string>;
}

export class Ticker {
  readonly #options: TickerOptions;
  readonly #stopping = new AbortController();
  #timer: ReturnType<typeof setTimeout> | undefined;
  #cron: Promise<void> = Promise.resolve();
  #seen = "";

  constructor(options: TickerOptions) {
    this.#options = options;
  }

  /** Reads the schedules, then fires them until {@link close}. */
  async open(): Promise<void> {
    const { scheduler, fingerprint } = this.#options;
    this.#seen = await fingerprint();
    await scheduler.sync();
    // A failed tick is not retried: the next tick does everything it left.
    const options = { backoffSchedule: [], signal: this.#stopping.signal };
    const name = `schedules ${newOpaqueId()}`;
    this.#cron = Deno.cron(name, "* * * * *", options, () => this.#tick());
    await this.wake();
  }

  /** Fires what is due, and sets the timer for the next due instant. */
  async wake(): Promise<void> {
    const { scheduler, log } = this.#options;
    clearTimeout(this.#timer);
    if (this.#stopping.signal.aborted) return;
    try {
      await scheduler.advance();
    } catch (thrown) {
      log.error("cannot fire schedules", { reason: messageOf(thrown) });
      return; // the next tick tries again
    }
    const { nextAtMs } = scheduler;
    clearTimeout(this.#timer);
    if (this.#stopping.signal.aborted || nextAtMs === undefined) return;
    const waitMs = Math.max(0, nextAtMs - Date.now());
    // Later instants are found by later ticks, even if the clock changes until then.
    if (waitMs <= tickMs) this.#timer = setTimeout(() => this.wake(), waitMs);
  }

  /** Rereads the workflows when their files have changed. */
  async refresh(): Promise<void> {
    const seen = await this.#options.fingerprint();
    if (seen === this.#seen) return;
    await this.#options.scheduler.sync();
    this.#seen = seen;
    await this.wake();
  }

  /** Stops firing, and waits for what is running. */
  async close(): Promise<void> {
    this.#stopping.abort();
    clearTimeout(this.#timer);
    await this.#options.scheduler.idle();
    await this.#cron;
  }

  async #tick(): Promise<void> {
    try {
      await this.refresh();
    } catch (thrown) {
      this.#options.log.error("cannot read schedules", { reason: messageOf(thrown) });
    }
    await this.wake();
  }
}
