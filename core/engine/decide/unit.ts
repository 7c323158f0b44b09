/**
 * One step, or one item of it: its attempts are recorded, and it decides what comes next. No I/O,
 * no clock.
 *
 * An attempt that was interrupted by the daemon's death is `cancelled` and repeated, without
 * counting as a failure. After {@link interruptionsMax} interruptions in a row the attempt may be
 * what kills the daemon, so it fails.
 */

import type { StoredError } from "../../store/operations/executions.ts";
import type { StepRow } from "../../store/reads/executions.ts";
import type { RetryPolicy } from "../../workflow/definition.ts";
import { nextAttemptAtMs } from "./retry.ts";

export const interruptionsMax = 5;

/** One attempt as stored. */
export type Attempt = Pick<
  StepRow,
  "index" | "item" | "attempt" | "status" | "completedAtMs" | "result" | "error" | "isSuperseded"
>;

export type UnitNext =
  | { readonly kind: "begin" }
  /** An attempt is running. */
  | { readonly kind: "await" }
  | { readonly kind: "wait"; readonly untilMs: number }
  | { readonly kind: "ended" } & UnitEnd;

/** How it ended. */
export type UnitEnd =
  | { readonly status: "completed" | "skipped" }
  | { readonly status: "failed"; readonly error: StoredError };

export class Unit {
  readonly #retry: RetryPolicy;
  /** The seed of its jitter, which must be the same after a crash. */
  readonly #seed: string;
  #attempt = 0;
  #failures = 0;
  #interruptions = 0;
  #next: UnitNext = { kind: "begin" };

  constructor(retry: RetryPolicy, seed: string) {
    this.#retry = retry;
    this.#seed = seed;
  }

  get nextAttempt(): number {
    return this.#attempt + 1;
  }

  get next(): UnitNext {
    return this.#next;
  }

  record({ attempt, status, completedAtMs, error, isSuperseded }: Attempt): void {
    this.#attempt = attempt;
    if (isSuperseded) {
      this.#next = { kind: "begin" };
    } else if (status === "completed" || status === "skipped") {
      this.#next = { kind: "ended", status };
    } else if (status === "failed") {
      this.#failures++;
      this.#interruptions = 0;
      this.#next = this.#afterFailure(error ?? noError, completedAtMs ?? 0);
    } else if (status === "cancelled") {
      if (error?.code === "interrupted") this.#interruptions++;
      this.#next = this.#afterInterruption(error?.message ?? "");
    } else {
      this.#next = { kind: "await" };
    }
  }

  #afterFailure(error: StoredError, atMs: number): UnitNext {
    const failures = this.#failures;
    const untilMs = nextAttemptAtMs(this.#retry, { failures, code: error.code, atMs }, this.#seed);
    if (untilMs === undefined) return { kind: "ended", status: "failed", error };
    return { kind: "wait", untilMs };
  }

  #afterInterruption(why: string): UnitNext {
    if (this.#interruptions < interruptionsMax) return { kind: "begin" };
    const message = `it was interrupted ${this.#interruptions} times in a row: ${why}`;
    return { kind: "ended", status: "failed", error: { code: "interrupted", message } };
  }
}

const noError: StoredError = { code: "internal", message: "it failed without an error" };
