/** What a daemon has opened so far, closed in reverse order. */

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

  /** Closes everything once; what can't be closed is logged and stops nothing else. */
  async closeAll(): Promise<void> {
    for (const close of this.#closers.splice(0).reverse()) {
      try {
        await close();
      } catch (thrown) {
        this.#log.error("cannot close", { reason: messageOf(thrown) });
      }
    }
  }
}
