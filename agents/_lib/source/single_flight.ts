/**
 * One call for all who ask the same at once. Whoever goes away takes it from no other; when all
 * have gone, the call is ended.
 */

interface Flight {
  readonly answer: Promise<unknown>;
  readonly abort: AbortController;
  waiting: number;
}

export class SingleFlight {
  readonly #flights = new Map<string, Flight>();

  /** Whether a call of this key is under way. */
  has(key: string): boolean {
    return this.#flights.has(key);
  }

  /**
   * What `call` comes to, or the call of the same key that is under way. `Answer` must be the same
   * for all calls of a key.
   * @throws what the call throws, or `signal`'s reason.
   */
  async join<Answer>(
    key: string,
    signal: AbortSignal,
    call: (signal: AbortSignal) => Promise<Answer>,
  ): Promise<Answer> {
    signal.throwIfAborted();
    const flight = this.#flights.get(key) ?? this.#start(key, call);
    flight.waiting++;
    const { promise: gone, reject } = Promise.withResolvers<never>();
    const onAbort = (): void => reject(signal.reason);
    signal.addEventListener("abort", onAbort);
    try {
      return await Promise.race([flight.answer as Promise<Answer>, gone]);
    } finally {
      signal.removeEventListener("abort", onAbort);
      flight.waiting--;
      if (flight.waiting === 0) this.#leave(key, flight);
    }
  }

  #start<Answer>(key: string, call: (signal: AbortSignal) => Promise<Answer>): Flight {
    const abort = new AbortController();
    const answer = call(abort.signal).finally(() => this.#forget(key, flight));
    // when all have gone nobody hears of it
    answer.catch(() => undefined);
    const flight: Flight = { answer, abort, waiting: 0 };
    this.#flights.set(key, flight);
    return flight;
  }

  #leave(key: string, flight: Flight): void {
    flight.abort.abort(new DOMException("nobody waits for it any more", "AbortError"));
    this.#forget(key, flight);
  }

  #forget(key: string, flight: Flight): void {
    if (this.#flights.get(key) === flight) this.#flights.delete(key);
  }
}
