/**
 * Hosts that live at an earlier instant: one for each placement and instant, so that nothing that
 * an agent remembers at one instant is there at another. There are a few at a time; the one that
 * was used longest ago makes room for a new one, and all end soon when nothing is asked of them.
 */

import type { Host } from "./host.ts";
import type { PlacementKey } from "../agents/placement.ts";

/** Hosts of the past at once, without those that only finish what is open in them. */
export const pastHostsMax = 8;
/** What is asked as of an instant is asked in one go, as a rule. */
export const pastIdleMs = 30_000;

export class PastHosts {
  /** By placement and instant; the one used last comes last. */
  readonly #hosts = new Map<string, Host>();

  /** The host of a placement at an instant, started by `open` if there is none. */
  use(placement: PlacementKey, asOfMs: number, open: () => Host): Host {
    const key = `${asOfMs} ${placement}`;
    const known = this.#hosts.get(key);
    const host = known && !known.hasEnded ? known : open();
    this.#hosts.delete(key);
    this.#hosts.set(key, host);
    for (const [oldest, host] of this.#hosts) {
      if (this.#hosts.size <= pastHostsMax) break;
      this.#hosts.delete(oldest);
      host.retire();
    }
    return host;
  }

  /** Ends those that nothing has been asked of for `ms`, and forgets those that have ended. */
  endIdle(ms: number): void {
    for (const [key, host] of this.#hosts) {
      if (host.isIdleFor(ms)) host.close();
      if (host.hasEnded) this.#hosts.delete(key);
    }
  }

  /** What is asked next gets new ones: the code of an agent has changed. */
  retire(): void {
    for (const host of this.#hosts.values()) host.retire();
    this.#hosts.clear();
  }
}
