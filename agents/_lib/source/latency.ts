/** How long calls took, counted in fixed buckets: small, and good enough for quantiles. */

import type { SourceStatus } from "100ac";

/** Upper bounds in seconds; what took longer is counted in all alone. */
const boundsSeconds = [0.01, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, 30] as const;

export class Latency {
  readonly #counts = boundsSeconds.map(() => 0);
  #count = 0;
  #sumMs = 0;

  add(tookMs: number): void {
    this.#count++;
    this.#sumMs += tookMs;
    boundsSeconds.forEach((bound, place) => {
      if (tookMs <= bound * 1_000) this.#counts[place] = (this.#counts[place] ?? 0) + 1;
    });
  }

  /** Each bucket holds those below it too. */
  get view(): SourceStatus["latency"] {
    return {
      count: this.#count,
      sum_seconds: this.#sumMs / 1_000,
      buckets: boundsSeconds.map((le_seconds, place) => ({
        le_seconds,
        count: this.#counts[place] ?? 0,
      })),
    };
  }
}
