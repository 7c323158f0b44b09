/**
 * How many events a host may publish: a burst, and then a steady share. Every event reaches every
 * thread, so a host that publishes without end would take the time of all others.
 */

/** Characters of events at once, and each second after that. */
const burstCharacters = 4 * 1024 * 1024;
const charactersPerSecond = 1024 * 1024;
/** Rough size of an event without its body, in characters. */
export const eventCharacters = 100;

const monotonicMs = performance.now.bind(performance);

export class EventBudget {
  readonly #slack: number;
  readonly #nowMs: () => number;
  #left: number;
  #atMs: number;

  /** `slack` multiplies the burst and the share. */
  constructor(slack = 1, nowMs: () => number = monotonicMs) {
    this.#slack = slack;
    this.#nowMs = nowMs;
    this.#left = burstCharacters * slack;
    this.#atMs = nowMs();
  }

  /** Takes an event with a body of this many characters; false if that is more than is left. */
  take(bodyCharacters: number): boolean {
    const nowMs = this.#nowMs();
    const gained = (nowMs - this.#atMs) / 1_000 * charactersPerSecond * this.#slack;
    this.#left = Math.min(burstCharacters * this.#slack, this.#left + gained);
    this.#atMs = nowMs;
    const wanted = bodyCharacters + eventCharacters;
    if (wanted > this.#left) return false;
    this.#left -= wanted;
    return true;
  }
}
