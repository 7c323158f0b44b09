/**
 * Leaves a source alone that fails again and again:
 *
 * ```
 *           failuresMax in a row                openMs later, one trial
 * closed ─────────────────────────► open ─────────────────────────────► half_open
 *    ▲                                ▲            it fails                 │ │
 *    │                                └─────────────────────────────────────┘ │
 *    └──────────────────────────────── it succeeds ───────────────────────────┘
 * ```
 *
 * The caller brings the clock.
 */

export interface BreakerOptions {
  readonly failuresMax: number;
  readonly openMs: number;
}

export type BreakerState = "closed" | "open" | "half_open";

export class CircuitBreaker {
  readonly #options: BreakerOptions;
  #failures = 0;
  #openedAtMs: number | undefined;
  #onTrial = false;

  constructor(options: BreakerOptions) {
    this.#options = options;
  }

  state(nowMs: number): BreakerState {
    if (this.#openedAtMs === undefined) return "closed";
    return nowMs >= this.#openedAtMs + this.#options.openMs ? "half_open" : "open";
  }

  /** When a trial is let through; undefined unless it is open. */
  get opensAgainAtMs(): number | undefined {
    return this.#openedAtMs === undefined ? undefined : this.#openedAtMs + this.#options.openMs;
  }

  /** Whether a call may be made; a call that was let through must be told of by one of below. */
  admits(nowMs: number): boolean {
    const state = this.state(nowMs);
    if (state === "closed") return true;
    if (state === "open" || this.#onTrial) return false;
    this.#onTrial = true;
    return true;
  }

  succeeded(): void {
    this.#failures = 0;
    this.#openedAtMs = undefined;
    this.#onTrial = false;
  }

  failed(nowMs: number): void {
    this.#failures++;
    const isTrial = this.#onTrial;
    this.#onTrial = false;
    if (isTrial || this.#failures >= this.#options.failuresMax) this.#openedAtMs = nowMs;
  }

  /** A call that says nothing about the source's health: its caller went away. */
  abandoned(): void {
    this.#onTrial = false;
  }
}
