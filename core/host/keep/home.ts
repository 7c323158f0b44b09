/**
 * The place where the agents of one placement live, one host at a time. After a loss, the next use
 * starts another host: at once the first time, then after growing delays. A newer host takes over
 * once it has loaded its agents, and the older one ends when its open requests have ended.
 */

import { AppError } from "../../errors.ts";
import type { FailedAgent } from "../control.ts";
import type { Host } from "./host.ts";
import type { Placement } from "../agents/placement.ts";

/** After more losses than this in a row, its agents are failed. */
export const lossesMax = 5;
const healthyMs = 60_000;
const delayMsMin = 100;
const delayMsMax = 30_000;

export class Home {
  readonly placement: Placement;
  #current: Host | undefined;
  #losses = 0;
  #lostAtMs = 0;

  constructor(placement: Placement) {
    this.placement = placement;
  }

  get current(): Host | undefined {
    return this.#current;
  }

  /** Losses since a host was last healthy. */
  get losses(): number {
    return this.#losses;
  }

  /**
   * The current host, or one that `open` starts.
   * @throws {AppError} `host_gone` while the delay after a loss lasts.
   */
  use(open: () => Host): Host {
    if (this.#current) return this.#current;
    const waitMs = this.#lostAtMs + restartDelayMs(this.#losses) - Date.now();
    if (waitMs > 0) {
      throw new AppError(
        "host_gone",
        `Cannot start a host: the last ${this.#losses} were lost; the next one starts in ` +
          `${Math.ceil(waitMs / 100) / 10} s`,
      );
    }
    return this.#current = open();
  }

  /**
   * Replaces the host by one that `open` starts. The old host serves until the new one is ready. If
   * `mayTakeOver` rejects the new one for the agents it could not load, it is closed. Returns
   * whether the new host took over.
   */
  async renew(
    open: () => Host,
    mayTakeOver: (failed: readonly FailedAgent[]) => boolean,
  ): Promise<boolean> {
    const next = open();
    const isFit = mayTakeOver(await next.ready);
    if (isFit) this.#current = next;
    else next.close();
    return isFit;
  }

  /**
   * Lets go of this host, so that the next use starts another; false if it is not the current one.
   */
  leave(host: Host): boolean {
    if (this.#current !== host) return false;
    this.#current = undefined;
    return true;
  }

  /** Records that a host was lost. */
  lost(host: Host): void {
    if (this.#current === host) this.#current = undefined;
    const nowMs = Date.now();
    this.#losses = nowMs - host.startedAtMs > healthyMs ? 1 : this.#losses + 1;
    this.#lostAtMs = nowMs;
  }

  /** Forgets earlier losses, because its agents have changed. */
  forgive(): void {
    this.#losses = 0;
  }

  /** Ends the host if it has had no requests for `ms`. */
  endIfIdle(ms: number): void {
    if (!this.#current?.isIdleFor(ms)) return;
    this.#current.close();
    this.#current = undefined;
  }
}

/** The delay before the next host starts, after `losses` in a row. Pure. */
export function restartDelayMs(losses: number): number {
  return losses <= 1 ? 0 : Math.min(delayMsMin * 2 ** (losses - 2), delayMsMax);
}
