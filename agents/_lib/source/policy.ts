/**
 * How a market source is called, the same for every source; one instance in the source's host is
 * shared by all who ask. A call passes, in this order:
 *
 * 1. coalescing: equal questions at once are one call;
 * 2. the pause that the source asked for (Retry-After), and the circuit breaker;
 * 3. the rate budget, which makes it wait its turn;
 * 4. a time limit for each attempt;
 * 5. retries of what may pass, with exponential backoff and full jitter, or as long as Retry-After
 *    says, if that is short enough to be waited for;
 * 6. and when it fails after all, the last good answer to the same question, where it is young
 *    enough, with its age: the caller marks it stale.
 *
 * Failures are AppErrors of the codes of a market source.
 */

import { AppError, type ErrorCode, type SourceStatus } from "100ac";
import { CircuitBreaker } from "./circuit_breaker.ts";
import { type Budget, RateBudget } from "./rate_budget.ts";
import { LastAnswers } from "./last_answers.ts";
import { Latency } from "./latency.ts";
import { SingleFlight } from "./single_flight.ts";

export interface PolicyOptions {
  /** The source's id, for messages. */
  readonly source: string;
  readonly budget: Budget;
  /** The longest a call waits for its turn, or for a Retry-After. */
  readonly waitMsMax: number;
  /** The longest an attempt takes. */
  readonly timeoutMs: number;
  readonly attemptsMax: number;
  /** Before the second attempt; twice that before each further one, times a random share. */
  readonly backoffMs: number;
  readonly breaker: { readonly failuresMax: number; readonly openMs: number };
  /** How old an answer may be that stands in for a failure, and how many are kept. */
  readonly staleMsMax: number;
  readonly staleEntriesMax: number;
  readonly now?: () => number;
  readonly random?: () => number;
  readonly sleep?: (ms: number, signal: AbortSignal) => Promise<void>;
}

/** An answer and how old it is: 0 unless it stands in for a failure. */
export interface Answered<Answer> {
  readonly answer: Answer;
  readonly stale: boolean;
  readonly ageMs: number;
}

/** Failures that may pass by themselves. */
const passing: ReadonlySet<ErrorCode> = new Set(["rate_limited", "source_down", "bad_answer"]);
/** With these, an old answer is better than none. */
const unhealthy: ReadonlySet<ErrorCode> = new Set([...passing, "unauthorized"]);

export class SourcePolicy {
  readonly #options: PolicyOptions;
  readonly #now: () => number;
  readonly #budget: RateBudget;
  readonly #breaker: CircuitBreaker;
  readonly #flights = new SingleFlight();
  readonly #last: LastAnswers;
  readonly #counts = {
    asked: 0,
    calls: 0,
    coalesced: 0,
    retried: 0,
    timed_out: 0,
    refused: 0,
    served_stale: 0,
  };
  readonly #failures = new Map<ErrorCode, number>();
  readonly #latency = new Latency();
  #pausedUntilMs = 0;

  constructor(options: PolicyOptions) {
    this.#options = options;
    this.#now = options.now ?? Date.now;
    this.#budget = new RateBudget(options.budget);
    this.#breaker = new CircuitBreaker(options.breaker);
    this.#last = new LastAnswers(options.staleEntriesMax, options.staleMsMax);
  }

  get status(): SourceStatus {
    const nowMs = this.#now();
    const state = this.#breaker.state(nowMs);
    const untilMs = Math.max(
      this.#pausedUntilMs,
      state === "open" ? this.#breaker.opensAgainAtMs ?? 0 : 0,
    );
    return {
      source: this.#options.source,
      breaker: state,
      paused_until: untilMs > nowMs ? new Date(untilMs).toISOString() : null,
      ...this.#counts,
      failures: Object.fromEntries(this.#failures),
      latency: this.#latency.view,
    };
  }

  /**
   * What `call` answers to the question that `key` names. `call` must mind its signal.
   * @throws {AppError} of a market source; `cancelled`, or `signal`'s reason where that is one.
   */
  async ask<Answer>(
    key: string,
    signal: AbortSignal,
    call: (signal: AbortSignal) => Promise<Answer>,
  ): Promise<Answered<Answer>> {
    this.#counts.asked++;
    if (this.#flights.has(key)) this.#counts.coalesced++;
    try {
      const answer = await this.#flights.join(
        key,
        signal,
        (shared) => this.#try(key, shared, call),
      );
      return { answer, stale: false, ageMs: 0 };
    } catch (thrown) {
      if (signal.aborted) throw cancelled(this.#options.source, signal);
      const last = isUnhealthy(thrown) ? this.#last.get(key, this.#now()) : undefined;
      if (last === undefined) throw thrown;
      this.#counts.served_stale++;
      return { answer: last.answer as Answer, stale: true, ageMs: last.ageMs };
    }
  }

  async #try<Answer>(
    key: string,
    signal: AbortSignal,
    call: (signal: AbortSignal) => Promise<Answer>,
  ): Promise<Answer> {
    const { attemptsMax } = this.#options;
    for (let attempt = 1;; attempt++) {
      this.#requireOpen();
      await this.#takeTurn(signal);
      try {
        const answer = await this.#attempt(signal, call);
        this.#breaker.succeeded();
        this.#last.set(key, answer, this.#now());
        return answer;
      } catch (thrown) {
        if (signal.aborted) {
          this.#breaker.abandoned();
          throw signal.reason;
        }
        const waitMs = this.#weigh(thrown, attempt);
        if (waitMs === undefined || attempt >= attemptsMax) throw thrown;
        this.#counts.retried++;
        await this.#sleep(waitMs, signal);
      }
    }
  }

  /** Counts a failure; gives how long to wait before the next attempt, undefined: there is none. */
  #weigh(thrown: unknown, attempt: number): number | undefined {
    const { waitMsMax, backoffMs, random = Math.random } = this.#options;
    if (!(thrown instanceof AppError)) {
      this.#breaker.abandoned();
      return undefined;
    }
    this.#failures.set(thrown.code, (this.#failures.get(thrown.code) ?? 0) + 1);
    // what is said of one symbol is an answer of a source in good health
    if (thrown.code === "source_down") this.#breaker.failed(this.#now());
    else this.#breaker.succeeded();
    if (!passing.has(thrown.code)) return undefined;
    const retryAfterMs = retryAfterOf(thrown);
    if (retryAfterMs !== undefined) {
      this.#pausedUntilMs = Math.max(this.#pausedUntilMs, this.#now() + retryAfterMs);
      return retryAfterMs <= waitMsMax ? retryAfterMs : undefined;
    }
    return backoffMs * 2 ** (attempt - 1) * random();
  }

  #requireOpen(): void {
    const { source, waitMsMax } = this.#options;
    const nowMs = this.#now();
    const pauseMs = this.#pausedUntilMs - nowMs;
    if (pauseMs > waitMsMax) {
      this.#counts.refused++;
      throw limited(source, `it asked for a pause`, pauseMs);
    }
    if (!this.#breaker.admits(nowMs)) {
      this.#counts.refused++;
      const seconds = Math.ceil(((this.#breaker.opensAgainAtMs ?? nowMs) - nowMs) / 1_000);
      throw new AppError(
        "source_down",
        `Cannot ask source "${source}": it failed ${this.#options.breaker.failuresMax} times in ` +
          `a row; ask again in ${Math.max(1, seconds)} s`,
      );
    }
  }

  async #takeTurn(signal: AbortSignal): Promise<void> {
    const { source, waitMsMax } = this.#options;
    const pauseMs = Math.max(0, this.#pausedUntilMs - this.#now());
    const turnMs = this.#budget.take(this.#now(), waitMsMax);
    if (turnMs === undefined) {
      this.#counts.refused++;
      this.#breaker.abandoned();
      throw limited(source, "more is asked than its budget allows", waitMsMax);
    }
    const waitMs = Math.max(pauseMs, turnMs);
    if (waitMs === 0) return;
    try {
      await this.#sleep(waitMs, signal);
    } catch (thrown) {
      this.#breaker.abandoned();
      throw thrown;
    }
  }

  /** Does not rely on `call` to mind its signal: it is left behind at its time limit. */
  async #attempt<Answer>(
    signal: AbortSignal,
    call: (signal: AbortSignal) => Promise<Answer>,
  ): Promise<Answer> {
    const { source, timeoutMs } = this.#options;
    this.#counts.calls++;
    const begunAtMs = this.#now();
    const limit = new AbortController();
    const { promise: late, reject } = Promise.withResolvers<never>();
    const timer = setTimeout(() => {
      this.#counts.timed_out++;
      const error = new AppError(
        "source_down",
        `Cannot ask source "${source}": no answer in ${timeoutMs / 1_000} s; ask again later`,
      );
      reject(error);
      limit.abort(error);
    }, timeoutMs);
    const onAbort = (): void => reject(signal.reason);
    signal.addEventListener("abort", onAbort);
    try {
      return await Promise.race([call(AbortSignal.any([signal, limit.signal])), late]);
    } finally {
      this.#latency.add(Math.max(0, this.#now() - begunAtMs));
      clearTimeout(timer);
      signal.removeEventListener("abort", onAbort);
    }
  }

  #sleep(ms: number, signal: AbortSignal): Promise<void> {
    return (this.#options.sleep ?? sleep)(ms, signal);
  }
}

function cancelled(source: string, { reason }: AbortSignal): AppError {
  if (reason instanceof AppError) return reason;
  return new AppError(
    "cancelled",
    `Cannot ask source "${source}": the request was cancelled; nothing has to be done`,
    { cause: reason },
  );
}

/** True for a failure that says something of the source's health, and nothing of the question. */
export function isUnhealthy(thrown: unknown): thrown is AppError {
  return thrown instanceof AppError && unhealthy.has(thrown.code);
}

function limited(source: string, why: string, waitMs: number): AppError {
  const retry_after_seconds = Math.max(1, Math.ceil(waitMs / 1_000));
  return new AppError(
    "rate_limited",
    `Cannot ask source "${source}": ${why}; ask again in ${retry_after_seconds} s`,
    { details: { retry_after_seconds } },
  );
}

/** How long a rate-limited source wants to be left alone; undefined when it does not say. */
function retryAfterOf({ details }: AppError): number | undefined {
  if (typeof details !== "object" || details === null) return undefined;
  if (!("retry_after_seconds" in details)) return undefined;
  const seconds = details.retry_after_seconds;
  return typeof seconds === "number" ? seconds * 1_000 : undefined;
}

function sleep(ms: number, signal: AbortSignal): Promise<void> {
  return new Promise((resolve, reject) => {
    if (signal.aborted) return reject(signal.reason);
    const onAbort = (): void => {
      clearTimeout(timer);
      reject(signal.reason);
    };
    const timer = setTimeout(() => {
      signal.removeEventListener("abort", onAbort);
      resolve();
    }, ms);
    signal.addEventListener("abort", onAbort, { once: true });
  });
}
