/** How often a source may be called: a bucket of tokens that fills with time. */

export interface Budget {
  /** Calls at once after a rest. */
  readonly burst: number;
  readonly perSecond: number;
}

export class RateBudget {
  readonly #budget: Budget;
  #tokens: number;
  #atMs = -Infinity;

  constructor(budget: Budget) {
    this.#budget = budget;
    this.#tokens = budget.burst;
  }

  /**
   * Takes the right to one call and gives how long to wait before it, in milliseconds; undefined,
   * and nothing is taken, when that is longer than `waitMsMax`.
   */
  take(nowMs: number, waitMsMax: number): number | undefined {
    const { burst, perSecond } = this.#budget;
    const passedMs = Math.max(0, nowMs - this.#atMs);
    this.#atMs = nowMs;
    this.#tokens = Math.min(burst, this.#tokens + passedMs / 1_000 * perSecond);
    const waitMs = Math.max(0, (1 - this.#tokens) / perSecond * 1_000);
    if (waitMs > waitMsMax) return undefined;
    this.#tokens -= 1;
    return waitMs;
  }
}
