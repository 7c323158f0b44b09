/** The opened parts of a daemon, closed in reverse order. */

import { messageOf } from "../errors.ts";
import type { Log } from "../log.ts";

export class Closers {
  readonly #log: Log;
  readonly #closers: (() => void | Promise<void>)[] = [];

  constructor(log: Log) {
    this.#log = log;
  }

  add(close: () => void | Promise<void>): void {
    this.#closers.push(close);
  }

  /** Closes everything once. A failure is logged and does not stop the rest. */
  async closeAll(): Promise<void> {
    for (const close of this.#closers.splice(0).reverse()) {
      try {
        await close();
      } catch (thrown) {
        this.#log.error("cannot close a part of the daemon", { reason: messageOf(thrown) });
      }
    }
  }
}
