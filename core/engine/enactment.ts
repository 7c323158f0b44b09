/**
 * One execution on its way from its first step to its end. Each turn commits what its attempts
 * came to together with what is begun next, and only then acts on it: whatever instant the daemon
 * dies at, the rows say where to go on.
 */

import { AppError, toErrorData } from "../errors.ts";
import { capabilityAddress } from "../ids.ts";
import { Mask } from "../mask.ts";
import type { CommitQueue, Write } from "../store/commits.ts";
import type { ErrorRow, FinalStatus } from "../store/executions.ts";
import { packLarge } from "../store/payloads.ts";
import type { Scope } from "../workflow/expression.ts";
import {
  endedEvent,
  type EndedExecution,
  type EngineEvent,
  pausedEvent,
  startedEvent,
  stepEvent,
  type StepTopic,
} from "./events.ts";
import type { Plan } from "./plan.ts";
import { type Decision, Progress } from "./progress.ts";
import type { Steering } from "./steering.ts";
import {
  beginWrite,
  completeWrites,
  finishWrite,
  type Hold,
  type Outcome,
  parkWrite,
  settleWrite,
} from "./step_writes.ts";
import type { Attempt } from "./unit.ts";

/** Asks an agent; input and output are JSON text. */
export type Invoke = (
  address: string,
  input: string,
  options: { readonly timeoutMs: number; readonly signal: AbortSignal },
) => Promise<string>;

/** An attempt as the store has it; one that was running has been cut off. */
export type StoredAttempt = Attempt & { readonly name: string };

export interface EnactmentOptions extends Hold {
  readonly execution: EndedExecution;
  /** All of the daemon's: what holds one of them is not told. */
  readonly secrets: Readonly<Record<string, string>>;
  readonly plan: Plan;
  readonly scope: Omit<Scope, "steps">;
  /** When it has to be over; undefined: no limit. */
  readonly deadlineAtMs: number | undefined;
  /** Takes the lease, together with the first thing done; absent when the caller has it. */
  readonly claim?: Write;
  /** In the order of steps, items and attempts. */
  readonly attempts: readonly StoredAttempt[];
  readonly commits: CommitQueue;
  readonly invoke: Invoke;
  readonly publish: (event: EngineEvent) => void;
  readonly now: () => number;
  readonly steering: Steering;
}

/** What became of an execution: it ended, or is left in the store until it goes on. */
export type Enacted = FinalStatus | "paused" | { readonly wakeAtMs: number };

/** A wait that is longer leaves its place to others. */
export const shortWaitMs = 1_000;

type Begin = Extract<Decision, { kind: "begin" }>;
type Settle = Extract<Decision, { kind: "settle" }>;

/**
 * Carries an execution on as far as it goes.
 * @throws {AppError} `lease_lost` when another owner has it, `store_unavailable`; what the
 * steering was stopped with.
 */
export async function enact(options: EnactmentOptions): Promise<Enacted> {
  return await new Enactment(options).run();
}

class Enactment {
  readonly #options: EnactmentOptions;
  readonly #progress: Progress;
  /** Over what agents answer: it is stored, told and read by other steps. */
  readonly #mask: Mask;
  /** What has come about since the last commit: written with the next, published after it. */
  #writes: Write[] = [];
  #events: EngineEvent[] = [];
  #outcomes: { readonly begun: Begin; readonly outcome: Outcome }[] = [];
  /** Requests without an answer yet. */
  #openCount = 0;
  #wake: (() => void) | undefined;

  constructor(options: EnactmentOptions) {
    this.#options = options;
    const { plan, executionId, scope, steering, secrets } = options;
    this.#progress = new Progress({ plan, executionId, scope });
    // An agent may tell its own secrets as well as those that it was sent.
    this.#mask = new Mask(secrets);
    steering.listen(() => this.#wake?.());
  }

  async run(): Promise<Enacted> {
    const { steering, now } = this.#options;
    steering.stopped.throwIfAborted();
    this.#open();
    for (;;) {
      if (steering.stopped.aborted) await this.#giveWay();
      this.#checkEndings();
      const isPausing = steering.wanted === "pause" && !steering.stopped.aborted;
      const decisions = isPausing ? [] : this.#progress.decide(now());
      const [first] = decisions;
      if (first?.kind === "finish") return await this.#finish(first);
      if (steering.stopped.aborted) await this.#leave();
      if (isPausing && this.#progress.runningCount === 0) return await this.#pause();
      const untilMs = first?.kind === "wait" ? first.untilMs : undefined;
      if (untilMs === undefined) await this.#begin(decisions);
      else if (this.#mayPark(untilMs)) return await this.#park(untilMs);
      else await this.#commit();
      if (decisions.some(({ kind }) => kind === "settle")) continue;
      await this.#settled(untilMs);
      this.#takeOutcomes();
    }
  }

  /** Keeps what has ended and what was taken back; the next daemon goes on with it. */
  async #leave(): Promise<never> {
    await this.#commit();
    throw this.#options.steering.stopped.reason;
  }

  /** Told to stop, what is asked gives way at once, and may still have been answered. */
  async #giveWay(): Promise<void> {
    while (this.#openCount > 0) await new Promise<void>((resolve) => this.#wake = resolve);
    this.#takeOutcomes();
  }

  /** Takes up what the store knows, and closes the attempts whose replies will never come. */
  #open(): void {
    const { claim, attempts, executionId, plan, now } = this.#options;
    if (claim) this.#writes.push(claim);
    this.#events.push(startedEvent(executionId, plan.workflow.name));
    this.#checkEndings();
    this.#progress.replay(attempts.map((attempt) => {
      if (attempt.status !== "running") return attempt;
      const outcome = { ...interrupted, atMs: now() };
      this.#writes.push(...completeWrites(this.#options, attempt, outcome));
      return { ...attempt, ...ended(outcome) };
    }));
  }

  /** Cancelled or out of time, nothing but `finally` is carried on with. */
  #checkEndings(): void {
    const { steering, deadlineAtMs = Infinity, now, plan } = this.#options;
    if (steering.wanted === "cancel") this.#progress.end({ status: "cancelled", error: null });
    if (now() < deadlineAtMs || this.#progress.isInFinally) return;
    const message = `Cannot complete workflow "${plan.workflow.name}": its "timeout" is over`;
    this.#progress.end({ status: "failed", error: { code: "deadline_exceeded", message } });
    steering.endSteps(new AppError("deadline_exceeded", message));
  }

  /** Commits that steps begin, then begins them. */
  async #begin(decisions: readonly Decision[]): Promise<void> {
    const at = this.#options.now();
    const begun: Begin[] = [];
    for (const decision of decisions) {
      if (decision.kind === "settle") this.#settle(decision, at);
      if (decision.kind !== "begin") continue;
      begun.push(decision);
      this.#writes.push(beginWrite(this.#options, decision, at));
      this.#progress.record(attemptOf(decision, running));
      this.#events.push(this.#stepEvent("step.started", decision));
    }
    await this.#commit();
    for (const each of begun) this.#ask(each);
  }

  #settle(decision: Settle, atMs: number): void {
    const { status, result, error } = decision;
    this.#writes.push(settleWrite(this.#options, decision, atMs));
    this.#progress.record(
      attemptOf(decision, { status, completedAtMs: atMs, result, error }),
    );
    this.#events.push(this.#stepEvent(`step.${status}`, decision, error));
  }

  /** Asks the agent; what it comes to is taken at the next turn. */
  #ask(begun: Begin): void {
    const { invoke, now, steering } = this.#options;
    const { step: { agent, capability, timeoutMs } } = begun.planned;
    const signal = this.#progress.isInFinally ? steering.stopped : steering.stepsSignal;
    const note = (outcome: Omit<Outcome, "atMs">): void => {
      this.#openCount--;
      this.#outcomes.push({ begun, outcome: { ...outcome, atMs: now() } });
      this.#wake?.();
    };
    this.#openCount++;
    Promise.try(() => {
      signal.throwIfAborted();
      return invoke(capabilityAddress(agent, capability), begun.input, { timeoutMs, signal });
    }).then(async (answer) => {
      const result = this.#mask.json(answer);
      return { result, packed: await packLarge(result) };
    }).then(
      (given) => note({ status: "completed", ...given, error: null }),
      (thrown) => {
        if (steering.stopped.aborted) return note(stopped);
        const data = toErrorData(signal.aborted ? signal.reason : thrown, "internal");
        const { code, message } = { code: data.code, message: this.#mask.text(data.message) };
        const status = signal.aborted ? "cancelled" : "failed";
        const error = code === "cancelled" ? null : { code, message };
        note({ status, result: null, packed: null, error });
      },
    );
  }

  /** Resolves once there is something to do; with `untilMs`, at the latest then. */
  #settled(untilMs = Infinity): Promise<void> {
    const { now, steering, deadlineAtMs = Infinity } = this.#options;
    const isPaused = steering.wanted === "pause" && this.#progress.runningCount === 0;
    if (this.#outcomes.length > 0 || steering.stopped.aborted || isPaused) return Promise.resolve();
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

  #takeOutcomes(): void {
    for (const { begun, outcome } of this.#outcomes.splice(0)) {
      this.#progress.record(attemptOf(begun, ended(outcome)));
      const attempt = { index: begun.planned.index, item: begun.item, attempt: begun.attempt };
      this.#writes.push(...completeWrites(this.#options, attempt, outcome));
      this.#events.push(this.#stepEvent(`step.${outcome.status}`, begun, outcome.error));
    }
  }

  #mayPark(untilMs: number): boolean {
    const { now } = this.#options;
    return this.#progress.runningCount === 0 && untilMs - now() > shortWaitMs;
  }

  async #park(untilMs: number): Promise<Enacted> {
    const { deadlineAtMs = Infinity } = this.#options;
    const wakeAtMs = Math.min(untilMs, deadlineAtMs);
    await this.#commit(parkWrite(this.#options, wakeAtMs));
    return { wakeAtMs };
  }

  async #pause(): Promise<Enacted> {
    const { executionId, plan } = this.#options;
    this.#events.push(pausedEvent(executionId, plan.workflow.name));
    await this.#commit(parkWrite(this.#options, null));
    return "paused";
  }

  async #finish(
    { status, result, error, failedStep }: Extract<Decision, { kind: "finish" }>,
  ): Promise<FinalStatus> {
    const { execution, now, secrets } = this.#options;
    this.#events.push(endedEvent(execution, status, error, { failedStep, secrets }));
    await this.#commit(finishWrite(this.#options, status, now(), { result, error }));
    return status;
  }

  async #commit(...next: readonly Write[]): Promise<void> {
    const writes = [...this.#writes, ...next];
    const events = this.#events;
    this.#writes = [];
    this.#events = [];
    if (writes.length > 0) {
      const applied = await this.#options.commits.commit(writes);
      if (applied.includes(false)) throw leaseLost(this.#options.executionId);
    }
    for (const event of events) this.#options.publish(event);
  }

  #stepEvent(
    topic: StepTopic,
    { planned: { step, index }, item, attempt }: Begin | Settle,
    error: ErrorRow | null = null,
  ): EngineEvent {
    const { executionId, plan } = this.#options;
    const subject = { step: step.name, index, item, attempt };
    return stepEvent(executionId, plan.workflow.name, topic, subject, error);
  }
}

type AttemptState = Pick<Attempt, "status" | "completedAtMs" | "result" | "error">;

const running: AttemptState = {
  status: "running",
  completedAtMs: null,
  result: null,
  error: null,
};

/** What a daemon left running that died, or whose store failed: maybe of it. */
const interrupted: Omit<Outcome, "atMs"> = {
  status: "cancelled",
  result: null,
  packed: null,
  error: { code: "interrupted", message: "the daemon, or its store, failed while it ran" },
};

/** What a daemon that is stopped takes away from its agent, for the next one to begin again. */
const stopped: Omit<Outcome, "atMs"> = {
  status: "cancelled",
  result: null,
  packed: null,
  error: { code: "cancelled", message: "the daemon was stopped while it ran" },
};

function ended({ status, atMs, result, error }: Outcome): AttemptState {
  return { status, completedAtMs: atMs, result, error };
}

function attemptOf({ planned, item, attempt }: Begin | Settle, state: AttemptState): Attempt {
  return { index: planned.index, item, attempt, isSuperseded: false, ...state };
}

/** What an enactment ends with when its execution is no longer this daemon's to advance. */
export function leaseLost(id: string): AppError {
  return new AppError(
    "lease_lost",
    `Cannot advance execution "${id}": it has ended, or another daemon has taken it`,
  );
}

/** Whether an enactment ended with {@link leaseLost}. */
export function isLeaseLost(thrown: unknown): boolean {
  return thrown instanceof AppError && thrown.code === "lease_lost";
}
