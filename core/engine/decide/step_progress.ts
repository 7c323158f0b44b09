/**
 * How far one step has come, or each item of its list. No I/O, no clock. What it keeps is bounded
 * by the items in flight, not by the list: an ended item leaves its output, if an expression reads
 * it, and nothing else.
 */

import type { StoredError } from "../../store/operations/executions.ts";
import { type Attempt, Unit, type UnitEnd } from "./unit.ts";
import type { PlannedStep } from "./plan.ts";

/** The item of a step that runs once. */
export const noItem = -1;

export type StepEnd =
  | { readonly status: "completed" | "skipped" }
  | { readonly status: "failed" } & StepFailure;

/** Which attempt a step failed with, counted from 1; of an item, or {@link noItem}. */
export interface StepFailure {
  readonly error: StoredError;
  readonly item: number;
  readonly attempt: number;
}

export interface StepDue {
  readonly begin: readonly { readonly item: number; readonly attempt: number }[];
  readonly untilMs: number;
}

export class StepProgress {
  readonly planned: PlannedStep;
  readonly #seed: string;
  /** Items that have begun, or are about to, and have not ended. */
  readonly #open = new Map<number, Unit>();
  /** Items begin in order; this is the first that has not begun. */
  #nextItem = 0;
  #items: readonly unknown[] | undefined;
  /** Outputs of ended items, by their place. */
  readonly #outputs: unknown[] = [];
  #failure: StepFailure | undefined;
  #isSkipped = false;
  /** How many characters of output it keeps. */
  keptLength = 0;
  /** The number of the next attempt of the step as a whole, not of one of its items. */
  nextAttempt = 1;

  constructor(planned: PlannedStep, executionId: string) {
    this.planned = planned;
    this.#seed = `${executionId}/${planned.index}`;
  }

  get isForEach(): boolean {
    return this.planned.items !== undefined;
  }

  /** Whether an attempt has begun. */
  get isBegun(): boolean {
    return this.#nextItem > 0;
  }

  /** Whether it is known what it runs for. */
  get isOpen(): boolean {
    return this.#items !== undefined;
  }

  get runningCount(): number {
    let count = 0;
    for (const { next } of this.#open.values()) if (next.kind === "await") count++;
    return count;
  }

  /** The value that an item stands for. */
  itemAt(item: number): unknown {
    return this.#items?.[item];
  }

  /** Sets the list it runs for; a step without `for_each` has none. */
  openWith(items: readonly unknown[] | undefined): void {
    this.#items = items ?? [undefined];
  }

  /** What the store knows of an attempt, in the order of attempts. */
  record(attempt: Attempt): void {
    const { item } = attempt;
    // In a step with items, a row without one is about the whole: skipped, or its list is wrong.
    if (this.isForEach && item === noItem) return this.#recordWhole(attempt);
    const place = Math.max(item, 0);
    const unit = this.#open.get(place) ?? this.#unit(place);
    unit.record(attempt);
    if (!this.isForEach) this.nextAttempt = attempt.attempt + 1;
    this.#nextItem = Math.max(this.#nextItem, place + 1);
    if (unit.next.kind !== "ended") return void this.#open.set(place, unit);
    this.#open.delete(place);
    this.#end(attempt, unit.next);
  }

  #recordWhole({ item, attempt, status, error, isSuperseded }: Attempt): void {
    this.nextAttempt = attempt + 1;
    if (isSuperseded) return;
    if (status === "skipped") this.#isSkipped = true;
    if (status === "completed") this.#items = [];
    if (status === "failed" && error) this.#failure = { error, item, attempt };
  }

  #end({ item, attempt, result }: Attempt, end: UnitEnd): void {
    if (end.status === "skipped") this.#isSkipped = true;
    if (end.status === "failed" && (!this.isForEach || this.planned.step.onError === "fail")) {
      this.#failure ??= { error: end.error, item, attempt };
    }
    if (!this.planned.isRead) return;
    this.keptLength += result?.length ?? 0;
    this.#outputs[Math.max(item, 0)] = result === null ? null : JSON.parse(result);
  }

  /** What may begin now, at most `room`, and the instant when the next may that has to wait. */
  due(nowMs: number, room: number): StepDue {
    const begin: { item: number; attempt: number }[] = [];
    let untilMs = Infinity;
    if (this.#failure) return { begin, untilMs };
    const parallelMax = this.planned.step.forEach?.parallelMax ?? 1;
    // An item that waits for its next attempt keeps its place.
    let held = 0;
    for (const { next } of this.#open.values()) if (next.kind !== "begin") held++;
    for (const [place, unit] of this.#open) {
      const { next } = unit;
      if (next.kind === "wait" && next.untilMs > nowMs) {
        untilMs = Math.min(untilMs, next.untilMs);
        continue;
      }
      if (begin.length >= room || next.kind === "await") continue;
      if (next.kind === "begin" && held++ >= parallelMax) continue;
      begin.push({ item: this.#itemOf(place), attempt: unit.nextAttempt });
    }
    const count = this.#items?.length ?? 0;
    for (let place = this.#nextItem; place < count && held < parallelMax; place++, held++) {
      if (begin.length >= room) break;
      begin.push({ item: this.#itemOf(place), attempt: 1 });
    }
    return { begin, untilMs };
  }

  /** How it ended; undefined while something of it is open. */
  end(): StepEnd | undefined {
    if (this.#isSkipped) return { status: "skipped" };
    if (this.#failure) {
      return this.runningCount > 0 ? undefined : { status: "failed", ...this.#failure };
    }
    const count = this.isForEach ? this.#items?.length : 1;
    const isDone = count !== undefined && this.#nextItem >= count && this.#open.size === 0;
    return isDone ? { status: "completed" } : undefined;
  }

  /** What expressions see as its output. */
  output(): unknown {
    if (!this.isForEach) return this.#outputs[0] ?? null;
    return Array.from(
      { length: this.#items?.length ?? 0 },
      (_, item) => this.#outputs[item] ?? null,
    );
  }

  #itemOf(place: number): number {
    return this.isForEach ? place : noItem;
  }

  #unit(place: number): Unit {
    const { retry } = this.planned.step;
    return new Unit(retry, `${this.#seed}/${place}`);
  }
}
