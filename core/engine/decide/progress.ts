/**
 * The state of an execution, and what it does next. No I/O, no clock: the caller passes the plan,
 * the attempts and the instant, does what {@link Progress.decide} returns, and records each attempt
 * as it begins and as it ends. Replaying the stored rows restores the same state, so a crash
 * changes no decision.
 *
 * A step begins when everything it needs has ended. After a step has failed nothing new begins,
 * unless it says `on_error: continue`. Once nothing runs any more, the steps of `finally` run, then
 * the execution ends. The cost of a decision depends on what may begin, not on the number of steps.
 */

import { toErrorData } from "../../errors.ts";
import { Mask } from "../../mask.ts";
import type { StoredError } from "../../store/operations/executions.ts";
import { runningMax } from "../../workflow/definition.ts";
import type { Scope } from "../../workflow/expression/expression.ts";
import type { Begin, Decision, Ending, Finish, More, Settle } from "./decision.ts";
import { inputOf, itemsOf, keptLengthMax, resultOf, tooMuchKept } from "./evaluate.ts";
import type { Plan, PlannedStep } from "./plan.ts";
import { noItem, type StepEnd, type StepFailure, StepProgress } from "./step_progress.ts";
import type { Attempt } from "./unit.ts";

export interface ProgressOptions {
  readonly plan: Plan;
  readonly executionId: string;
  /** What expressions see besides the steps. */
  readonly scope: Omit<Scope, "steps">;
}

export class Progress {
  readonly #plan: Plan;
  readonly #scope: Omit<Scope, "steps">;
  readonly #steps: readonly StepProgress[];
  /** For each step, how many of its needs have not ended. */
  readonly #unmet: number[];
  /** Steps that have not ended although everything they need has. */
  readonly #ready: Set<number>;
  readonly #ended = new Map<number, StepEnd>();
  /** What expressions see of the steps. */
  readonly #seen: Record<string, unknown> = {};
  #mainOpen: number;
  #ending: Ending | undefined;
  #isInFinally = false;
  #keptLength = 0;
  #running = 0;

  constructor({ plan, executionId, scope }: ProgressOptions) {
    this.#plan = plan;
    this.#scope = scope;
    this.#steps = plan.steps.map((planned) => new StepProgress(planned, executionId));
    this.#unmet = plan.steps.map(({ needsCount }) => needsCount);
    this.#ready = new Set(
      plan.steps.flatMap(({ index, needsCount }) =>
        needsCount === 0 && index < plan.finallyIndex ? [index] : []
      ),
    );
    this.#mainOpen = plan.finallyIndex;
    for (const { step } of plan.steps) this.#seen[step.name] = { status: "pending" };
  }

  /** Attempts that are running. */
  get runningCount(): number {
    return this.#running;
  }

  /** Whether the regular steps have ended and those of `finally` run. */
  get isInFinally(): boolean {
    return this.#isInFinally;
  }

  /**
   * Ends the execution: once running attempts have ended, only `finally` runs. Only the first call
   * counts.
   */
  end(ending: Ending): void {
    this.#ending ??= ending;
  }

  /**
   * Records the stored attempts, in the order of steps, items and attempts. None may be running.
   * Yields after each list that it evaluates.
   */
  *replay(attempts: readonly Attempt[]): Iterator<void, void> {
    for (const attempt of attempts) this.#steps[attempt.index]?.record(attempt);
    do yield* this.#replayEnds(); while (this.#startFinally());
    this.#keptLength = this.#steps.reduce((sum, { keptLength }) => sum + keptLength, 0);
  }

  /** Whether a step has ended is known only with its list, which depends on what it needs. */
  *#replayEnds(): Iterable<void> {
    // Iterating a set also visits elements added meanwhile.
    for (const index of this.#ready) {
      const progress = this.#steps[index];
      if (!progress) continue;
      if (progress.isBegun) {
        this.#open(progress);
        if (progress.isForEach) yield;
      }
      this.#noteEnd(progress);
    }
  }

  /** Starts `finally` when it is time; returns whether it did. */
  #startFinally(): boolean {
    const isOver = this.#mainOpen === 0 || (this.#ending !== undefined && this.#running === 0);
    if (this.#isInFinally || !isOver) return false;
    this.#isInFinally = true;
    for (const { planned: { index, step }, isBegun } of this.#steps) {
      const isCutOff = isBegun && index < this.#plan.finallyIndex && !this.#ended.has(index);
      if (isCutOff) this.#seen[step.name] = { status: "cancelled" };
    }
    this.#ready.clear();
    if (this.#plan.finallyIndex < this.#steps.length) this.#ready.add(this.#plan.finallyIndex);
    return true;
  }

  /** Records that an attempt has begun or ended. */
  record(attempt: Attempt): void {
    const progress = this.#steps[attempt.index];
    if (!progress) return;
    const before = progress.runningCount;
    const kept = progress.keptLength;
    progress.record(attempt);
    this.#running += progress.runningCount - before;
    this.#keptLength += progress.keptLength - kept;
    this.#noteEnd(progress);
    if (this.#keptLength > keptLengthMax) this.end({ status: "failed", error: tooMuchKept });
  }

  /**
   * What to do at `nowMs`; nothing while running attempts must be awaited. Deciding changes no
   * recorded state. Once `isOver`, no further expression is evaluated: the last decision is `more`
   * if one is needed.
   */
  decide(nowMs: number, isOver: () => boolean = () => false): readonly Decision[] {
    this.#startFinally();
    const decisions: Decision[] = [];
    let untilMs = Infinity;
    // Once an ending is set, nothing new begins and running attempts are awaited.
    for (const index of this.#isInFinally || !this.#ending ? this.#ready : []) {
      const room = runningMax - this.#running - decisions.length;
      if (room <= 0) break;
      const progress = this.#steps[index];
      if (!progress) continue;
      if (!progress.isOpen && isEvaluated(progress.planned) && isOver()) {
        return [...decisions, more];
      }
      const settled = this.#open(progress);
      if (settled) {
        decisions.push(settled);
        continue;
      }
      const due = progress.due(nowMs, room);
      untilMs = Math.min(untilMs, due.untilMs);
      for (const each of due.begin) {
        if (!progress.planned.params.isConstant && isOver()) return [...decisions, more];
        decisions.push(this.#begin(progress, each));
      }
    }
    if (decisions.length > 0) return decisions;
    if (untilMs < Infinity) return [{ kind: "wait", untilMs }];
    if (this.#running > 0) return [];
    return !this.#ending && !this.#plan.outputs.isConstant && isOver() ? [more] : [this.#finish()];
  }

  /** Evaluates a step's condition and list; returns how it ends if it does not begin. */
  #open(progress: StepProgress): Settle | undefined {
    const { planned } = progress;
    if (progress.isOpen) return undefined;
    try {
      if (!progress.isBegun && planned.when && planned.when.evaluate(this.#scoped()) !== true) {
        return settle(progress, "skipped", null);
      }
      const items = itemsOf(planned, this.#scoped());
      if (items?.length === 0) return settle(progress, "completed", null);
      progress.openWith(items);
      return undefined;
    } catch (thrown) {
      return settle(progress, "failed", toErrorData(thrown));
    }
  }

  #begin(
    progress: StepProgress,
    { item, attempt }: { readonly item: number; readonly attempt: number },
  ): Begin | Settle {
    const { planned } = progress;
    try {
      const scope = this.#scoped(
        item === noItem ? {} : { item: progress.itemAt(item), index: item },
      );
      const input = inputOf(planned.params, scope);
      return { kind: "begin", planned, item, attempt, input };
    } catch (thrown) {
      return { ...settle(progress, "failed", this.#masked(thrown)), item, attempt };
    }
  }

  /** The error of an expression may quote a secret. */
  #masked(thrown: unknown): StoredError {
    const { code, message } = toErrorData(thrown);
    return { code, message: new Mask(this.#scope.secrets).text(message) };
  }

  #scoped(item: Pick<Scope, "item" | "index"> = {}): Scope {
    return { ...this.#scope, ...item, steps: this.#seen };
  }

  /** Records the end of a step, and makes steps that waited for it ready. */
  #noteEnd(progress: StepProgress): boolean {
    const { index, step, dependents, isRead } = progress.planned;
    const end = this.#ended.has(index) ? undefined : progress.end();
    if (!end) return false;
    this.#ended.set(index, end);
    this.#ready.delete(index);
    this.#seen[step.name] = {
      status: end.status,
      ...(isRead && end.status === "completed" && { output: progress.output() }),
      ...(end.status === "failed" && { error: end.error }),
    };
    if (index < this.#plan.finallyIndex) this.#mainOpen--;
    if (end.status === "failed" && step.onError === "fail") this.#fail(progress.planned, end);
    for (const dependent of dependents) {
      const unmet = (this.#unmet[dependent] ?? 0) - 1;
      this.#unmet[dependent] = unmet;
      if (unmet === 0) this.#ready.add(dependent);
    }
    return true;
  }

  #fail(planned: PlannedStep, failure: StepFailure): void {
    const { code, message } = failure.error;
    const error = { code, message: `Step "${planned.step.name}" failed: ${message}` };
    this.end({ status: "failed", error, failedStep: { planned, failure } });
  }

  #finish(): Finish {
    if (this.#ending) return { kind: "finish", result: null, ...this.#ending };
    try {
      const result = resultOf(this.#plan, this.#scoped());
      return { kind: "finish", status: "completed", result, error: null };
    } catch (thrown) {
      return { kind: "finish", status: "failed", result: null, error: toErrorData(thrown) };
    }
  }
}

const more: More = { kind: "more" };

/** Whether opening a step evaluates an expression. */
function isEvaluated({ when, items }: PlannedStep): boolean {
  return when !== undefined || items?.isConstant === false;
}

function settle(
  { planned, nextAttempt }: StepProgress,
  status: "completed" | "failed" | "skipped",
  error: StoredError | null,
): Settle {
  const result = status === "completed" ? "[]" : null;
  return { kind: "settle", planned, item: noItem, attempt: nextAttempt, status, result, error };
}
