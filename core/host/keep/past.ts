/**
 * Hosts that live at an earlier instant: one for each placement and instant, so that nothing an
 * agent remembers at one instant exists at another. Few exist at a time: a new one replaces the
 * least recently used, and all end soon after their last request.
 */

import type { Host } from "./host.ts";
import type { PlacementKey } from "../agents/placement.ts";

/** Hosts of the past at a time, not counting those that only finish open requests. */
export const pastHostsMax = 8;
/** Requests as of one instant usually come in quick succession. */
export const pastIdleMs = 30_000;

export class PastHosts {
  /** By placement and instant, least recently used first. */
  readonly #hosts = new Map<string, Host>();

  /** The host of a placement at an instant; `open` starts one if needed. */
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

  /** Ends hosts without requests for `ms`, and forgets those that have ended. */
  endIdle(ms: number): void {
    for (const [key, host] of this.#hosts) {
      if (host.isIdleFor(ms)) host.close();
      if (host.hasEnded) this.#hosts.delete(key);
    }
  }

  /** Retires all, because an agent's code has changed and later requests need new hosts. */
  retire(): void {
    for (const host of this.#hosts.values()) host.retire();
    this.#hosts.clear();
  }
}
