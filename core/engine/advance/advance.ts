/**
 * The third step of an execution's path: advancing it from its loaded state. Each turn commits the
 * results of attempts together with the next attempts, and acts only after the commit. Whenever the
 * daemon dies, the rows show where to resume.
 */

import { AppError } from "../../errors.ts";
import type { Store } from "../../store/store.ts";
import { Changes } from "./changes.ts";
import type { Begin, Decision, Finish, Settle } from "../decide/decision.ts";
import { Progress } from "../decide/progress.ts";
import type { Attempt } from "../decide/unit.ts";
import type { EngineEvent } from "../events.ts";
import type { Loaded } from "../load.ts";
import { interrupted, type Outcome } from "./outcome.ts";
import { type Invoke, Requests } from "./requests.ts";
import type { Steering } from "../steering.ts";
import type { FinalStatus } from "../../statuses.ts";
import type { ThreadShare } from "../../thread_share.ts";

/** What an execution is advanced with. */
export interface AdvanceOptions {
  /** The owner of the lease. */
  readonly owner: string;
  readonly steering: Steering;
  readonly store: Store;
  readonly invoke: Invoke;
  readonly publish: (event: EngineEvent) => void;
  /** All of the daemon's secrets, which are masked in what is stored and published. */
  readonly secrets: Readonly<Record<string, string>>;
  readonly now: () => number;
  /** What evaluating expressions may take of the thread. */
  readonly share: ThreadShare;
}

/** Where an execution stands afterwards: ended, or waiting in the store to be continued. */
export type Left = FinalStatus | "paused" | { readonly wakeAtMs: number };

/** During a longer wait, an execution gives its place to others. */
export const shortWaitMs = 1_000;

/**
 * Advances an execution as far as possible.
 * @throws {AppError} `lease_lost` when another daemon owns it, `store_unavailable`; also the reason
 * given to `steering.stop`.
 */
export async function advance(loaded: Loaded, options: AdvanceOptions): Promise<Left> {
  options.steering.stopped.throwIfAborted();
  return await new Advance(loaded, options).run();
}

class Advance {
  readonly #loaded: Loaded;
  readonly #options: AdvanceOptions;
  readonly #progress: Progress;
  readonly #changes: Changes;
  readonly #requests: Requests;
  /** Ends the current wait. */
  #wake: (() => void) | undefined;

  constructor(loaded: Loaded, options: AdvanceOptions) {
    this.#loaded = loaded;
    this.#options = options;
    const { execution, plan, scope } = loaded;
    const { steering } = options;
    const wake = (): void => this.#wake?.();
    this.#progress = new Progress({ plan, executionId: execution.executionId, scope });
    this.#changes = new Changes({ ...options, execution });
    const { asOfMs } = execution;
    const { stopped } = steering;
    this.#requests = new Requests({ ...options, asOfMs, stopped, onEnded: wake });
    steering.listen(wake);
  }

  async run(): Promise<Left> {
    const { steering, share } = this.#options;
    await this.#resume();
    for (;;) {
      if (steering.stopped.aborted) await this.#takeBack();
      this.#noteEnding();
      const isPausing = steering.wanted === "pause" && !steering.stopped.aborted;
      const decisions = isPausing ? [] : this.#decide();
      const [first] = decisions;
      if (first?.kind === "finish") return await this.#finish(first);
      if (steering.stopped.aborted) await this.#leave();
      if (isPausing && this.#progress.runningCount === 0) return await this.#pause();
      const untilMs = first?.kind === "wait" ? first.untilMs : undefined;
      if (untilMs === undefined) await this.#begin(decisions);
      else if (this.#mayPark(untilMs)) return await this.#park(untilMs);
      else await this.#changes.commit();
      if (decisions.at(-1)?.kind === "more") {
        await share.turn(steering.stopped);
        this.#takeEnded();
        continue;
      }
      if (decisions.some(({ kind }) => kind === "settle")) continue;
      await this.#untilChange(untilMs);
      this.#takeEnded();
    }
  }

  /** Replays the stored attempts, and closes those that were running when a daemon died. */
  async #resume(): Promise<void> {
    const { steering: { stopped }, share } = this.#options;
    const { claim, attempts } = this.#loaded;
    this.#changes.started(claim);
    this.#noteEnding();
    const parts = this.#progress.replay(attempts.map((attempt) => {
      if (attempt.status !== "running") return attempt;
      const outcome = { ...interrupted, atMs: this.#options.now() };
      this.#changes.cutOff(attempt, outcome);
      return { ...attempt, ...stateOf(outcome) };
    }));
    await share.runAll(parts, stopped);
  }

  #decide(): readonly Decision[] {
    const { share, now } = this.#options;
    return share.run(() => this.#progress.decide(now(), () => share.isUsedUp));
  }

  /** After a cancel or a timeout, only `finally` still runs. */
  #noteEnding(): void {
    const { steering, now } = this.#options;
    const { deadlineAtMs = Infinity, plan } = this.#loaded;
    if (steering.wanted === "cancel") this.#progress.end({ status: "cancelled", error: null });
    if (now() < deadlineAtMs || this.#progress.isInFinally) return;
    const message = `Cannot complete workflow "${plan.workflow.name}": its "timeout" has passed`;
    this.#progress.end({ status: "failed", error: { code: "deadline_exceeded", message } });
    steering.endSteps(new AppError("deadline_exceeded", message));
  }

  /** Commits the start of steps, then invokes their agents. */
  async #begin(decisions: readonly Decision[]): Promise<void> {
    const { now, steering } = this.#options;
    const atMs = now();
    const begun: Begin[] = [];
    for (const decision of decisions) {
      if (decision.kind === "settle") this.#settle(decision, atMs);
      if (decision.kind !== "begin") continue;
      begun.push(decision);
      this.#progress.record(attemptOf(decision, running));
      this.#changes.begun(decision, atMs);
    }
    await this.#changes.commit();
    const signal = this.#progress.isInFinally ? steering.stopped : steering.stepsSignal;
    for (const each of begun) this.#requests.ask(each, signal);
  }

  #settle(decision: Settle, atMs: number): void {
    const { status, result, error } = decision;
    this.#progress.record(attemptOf(decision, { status, completedAtMs: atMs, result, error }));
    this.#changes.settled(decision, atMs);
  }

  #takeEnded(): void {
    for (const ended of this.#requests.takeEnded()) {
      this.#progress.record(attemptOf(ended.begun, stateOf(ended.outcome)));
      this.#changes.ended(ended);
    }
  }

  /** Resolves when there is something to do, at the latest at `untilMs`. */
  #untilChange(untilMs = Infinity): Promise<void> {
    const { now, steering } = this.#options;
    const { deadlineAtMs = Infinity } = this.#loaded;
    const isPaused = steering.wanted === "pause" && this.#progress.runningCount === 0;
    if (this.#requests.endedCount > 0 || steering.stopped.aborted || isPaused) {
      return Promise.resolve();
    }
    return new Promise((resolve) => {
      const atMs = Math.min(untilMs, this.#progress.isInFinally ? Infinity : deadlineAtMs);
      const timer = atMs < Infinity
        ? setTimeout(() => this.#wake?.(), Math.max(0, atMs - now()))
        : undefined;
      this.#wake = () => {
        clearTimeout(timer);
        this.#wake = undefined;
        resolve();
      };
    });
  }

  #mayPark(untilMs: number): boolean {
    return this.#progress.runningCount === 0 && untilMs - this.#options.now() > shortWaitMs;
  }

  async #park(untilMs: number): Promise<Left> {
    const { deadlineAtMs = Infinity } = this.#loaded;
    const wakeAtMs = Math.min(untilMs, deadlineAtMs);
    this.#changes.parked(wakeAtMs);
    await this.#changes.commit();
    return { wakeAtMs };
  }

  async #pause(): Promise<Left> {
    this.#changes.paused();
    await this.#changes.commit();
    return "paused";
  }

  async #finish(decision: Finish): Promise<Left> {
    this.#changes.finished(decision, this.#options.now());
    await this.#changes.commit();
    return decision.status;
  }

  /** Waits for the open requests, which end at once after a stop: cancelled, or just answered. */
  async #takeBack(): Promise<void> {
    while (this.#requests.openCount > 0) {
      await new Promise<void>((resolve) => this.#wake = resolve);
    }
    this.#takeEnded();
  }

  /** Commits the results so far; the next daemon resumes from there. */
  async #leave(): Promise<never> {
    await this.#changes.commit();
    throw this.#options.steering.stopped.reason;
  }
}

type AttemptState = Pick<Attempt, "status" | "completedAtMs" | "result" | "error">;

const running: AttemptState = {
  status: "running",
  completedAtMs: null,
  result: null,
  error: null,
};

function stateOf({ status, atMs, result, error }: Outcome): AttemptState {
  return { status, completedAtMs: atMs, result, error };
}

function attemptOf({ planned, item, attempt }: Begin | Settle, state: AttemptState): Attempt {
  return { index: planned.index, item, attempt, isSuperseded: false, ...state };
}
