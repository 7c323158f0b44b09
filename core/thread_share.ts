/**
 * A share of the daemon's thread. Work of one kind runs in parts. Once its parts have held the
 * thread for `heldMsMax`, the next part waits as long as they took, so that at least half of
 * the thread is left for requests, answers and `/health`. Waiting parts run in order.
 *
 * The wait is a timer, because Deno serves no request between two calls of `setImmediate`: with
 * parts of 20 ms between them, `/health` takes half a second.
 */

import { setImmediate as endOfTurn } from "node:timers/promises";

export interface ThreadShareOptions {
  /** How long the work may hold the thread before it must wait. */
  readonly heldMsMax?: number;
  /** The longest wait; as long as the work has taken by default. */
  readonly restMsMax?: number;
  /** A monotonic clock, in milliseconds. */
  readonly now?: () => number;
}

export class ThreadShare {
  readonly #now: () => number;
  readonly #waiting: (() => void)[] = [];
  /** How long the thread was held at `#atMs`, less the time it has been free since. */
  #heldMs = 0;
  #atMs = 0;
  #restUntilMs = 0;
  /** When the part that is running began. */
  #beganAtMs: number | undefined;
  #isServing = false;

  readonly #heldMsMax: number;
  readonly #restMsMax: number;

  constructor(
    { heldMsMax = 20, restMsMax = Infinity, now = () => performance.now() }: ThreadShareOptions =
      {},
  ) {
    this.#heldMsMax = heldMsMax;
    this.#restMsMax = restMsMax;
    this.#now = now;
  }

  /** Whether the work must wait before its next part. */
  get isUsedUp(): boolean {
    const nowMs = this.#now();
    const beganAtMs = this.#beganAtMs ?? nowMs;
    return nowMs < this.#restUntilMs ||
      this.#heldAt(beganAtMs) + nowMs - beganAtMs >= this.#heldMsMax;
  }

  /**
   * Resolves when the next part may run, at the latest when `signal` is aborted. Of several callers
   * that find the share free, the first may use it up: check {@link isUsedUp} before the part.
   */
  async turn(signal?: AbortSignal): Promise<void> {
    if (signal?.aborted || (this.#waiting.length === 0 && !this.isUsedUp)) return;
    const { promise, resolve } = Promise.withResolvers<void>();
    const onAbort = (): void => resolve();
    this.#waiting.push(resolve);
    signal?.addEventListener("abort", onAbort, { once: true });
    if (!this.#isServing) void this.#serve();
    await promise;
    signal?.removeEventListener("abort", onAbort);
  }

  /** Runs a part, and counts how long it holds the thread. Parts do not nest. */
  run<Result>(part: () => Result): Result {
    this.#beganAtMs = this.#now();
    try {
      return part();
    } finally {
      this.#note(this.#beganAtMs);
      this.#beganAtMs = undefined;
    }
  }

  /** Runs a part as soon as it may run. */
  async whenFree<Result>(part: () => Result): Promise<Result> {
    while (this.isUsedUp) await this.turn();
    return this.run(part);
  }

  /** The same as {@link run} for a part that holds the thread until its promise settles. */
  async runToEnd<Result>(part: () => Promise<Result>): Promise<Result> {
    const beganAtMs = this.#now();
    try {
      return await part();
    } finally {
      this.#note(beganAtMs);
    }
  }

  /**
   * Takes all of `parts`, each when it may run.
   * @throws the reason of `signal` once that is aborted.
   */
  async runAll(parts: Iterator<void, void>, signal: AbortSignal): Promise<void> {
    for (;;) {
      while (this.isUsedUp && !signal.aborted) await this.turn(signal);
      signal.throwIfAborted();
      if (this.run(() => parts.next()).done) return;
    }
  }

  async #serve(): Promise<void> {
    this.#isServing = true;
    for (let next = this.#waiting.shift(); next; next = this.#waiting.shift()) {
      // A timer may be early by less than a millisecond.
      for (let restMs; (restMs = this.#restUntilMs - this.#now()) > 0;) {
        await new Promise((resolve) => setTimeout(resolve, Math.ceil(restMs)));
      }
      next();
      // Its part runs in this turn of the event loop.
      await endOfTurn();
    }
    this.#isServing = false;
  }

  #heldAt(nowMs: number): number {
    return Math.max(0, this.#heldMs - (nowMs - this.#atMs));
  }

  #note(beganAtMs: number): void {
    const nowMs = this.#now();
    this.#heldMs = this.#heldAt(beganAtMs) + nowMs - beganAtMs;
    this.#atMs = nowMs;
    if (this.#heldMs < this.#heldMsMax) return;
    const restMs = Math.min(this.#heldMs, this.#restMsMax);
    this.#restUntilMs = nowMs + restMs;
    // Once it has waited, it starts anew.
    this.#heldMs = restMs;
  }
}
