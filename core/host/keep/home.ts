/**
 * Where the agents of one placement live: one host at a time. A host that is lost is followed by
 * another on the next use, at once the first time, then ever later. A newer host takes over from an
 * older one when it has loaded its agents; what is open in the older one ends there.
 */

import { AppError } from "../../errors.ts";
import type { FailedAgent } from "../control.ts";
import type { Host } from "./host.ts";
import type { Placement } from "../agents/placement.ts";

/** Losses in a row, after which its agents are failed. */
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

  /** Losses since it was last healthy. */
  get losses(): number {
    return this.#losses;
  }

  /**
   * The host that serves now; `open` starts one if none does.
   * @throws {AppError} `host_gone` while it is too soon after a loss.
   */
  use(open: () => Host): Host {
    if (this.#current) return this.#current;
    const waitMs = this.#lostAtMs + restartDelayMs(this.#losses) - Date.now();
    if (waitMs > 0) {
      throw new AppError(
        "host_gone",
        `Cannot start a host: the last ${this.#losses} were lost; the next one is started in ` +
          `${Math.ceil(waitMs / 100) / 10} s`,
      );
    }
    return this.#current = open();
  }

  /**
   * Replaces the host by one that `open` starts; the old one serves until the new one is ready.
   * Returns whether it `mayTakeOver` without the agents that it could not load; else it is closed.
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

  /** The next use starts another host than this one; false when it is not the one that serves. */
  leave(host: Host): boolean {
    if (this.#current !== host) return false;
    this.#current = undefined;
    return true;
  }

  /** Takes note that a host was lost. */
  lost(host: Host): void {
    if (this.#current === host) this.#current = undefined;
    const nowMs = Date.now();
    this.#losses = nowMs - host.startedAtMs > healthyMs ? 1 : this.#losses + 1;
    this.#lostAtMs = nowMs;
  }

  /** Forgets earlier losses: its agents have changed, or somebody asked for another try. */
  forgive(): void {
    this.#losses = 0;
  }

  /** Ends the host when nothing has been asked of it for `ms`. */
  endIfIdle(ms: number): void {
    if (!this.#current?.isIdleFor(ms)) return;
    this.#current.close();
    this.#current = undefined;
  }
}

/** How long after the last of `losses` the next host is started. Pure. */
export function restartDelayMs(losses: number): number {
  return losses <= 1 ? 0 : Math.min(delayMsMin * 2 ** (losses - 2), delayMsMax);
}
