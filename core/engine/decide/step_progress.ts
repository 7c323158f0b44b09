/**
 * The state of one step, or of each item of its list. No I/O, no clock. Memory is bounded by the
 * items in flight, not by the list: of an ended item only its output is kept, and only if an
 * expression reads it.
 */

import type { StoredError } from "../../store/operations/executions.ts";
import { type Attempt, Unit, type UnitEnd } from "./unit.ts";
import type { PlannedStep } from "./plan.ts";

/** Stands for the item of a step that runs once. */
export const noItem = -1;

export type StepEnd =
  | { readonly status: "completed" | "skipped" }
  | { readonly status: "failed" } & StepFailure;

/** The attempt that a step failed with, counted from 1, and its item or {@link noItem}. */
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
  /** Outputs of ended items, by index. */
  readonly #outputs: unknown[] = [];
  #failure: StepFailure | undefined;
  #isSkipped = false;
  /** Characters of output kept. */
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

  /** Whether its list is known. */
  get isOpen(): boolean {
    return this.#items !== undefined;
  }

  get runningCount(): number {
    let count = 0;
    for (const { next } of this.#open.values()) if (next.kind === "await") count++;
    return count;
  }

  /** The value of an item. */
  itemAt(item: number): unknown {
    return this.#items?.[item];
  }

  /** Sets its list; undefined for a step without `for_each`. */
  openWith(items: readonly unknown[] | undefined): void {
    this.#items = items ?? [undefined];
  }

  /** Records a stored attempt; attempts come in order. */
  record(attempt: Attempt): void {
    const { item } = attempt;
    // In a step with items, a row without an item concerns the whole step: skipped, empty or
    // failed.
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

  /** What may begin now, at most `room`; and when the next waiting attempt is due. */
  due(nowMs: number, room: number): StepDue {
    const begin: { item: number; attempt: number }[] = [];
    let untilMs = Infinity;
    if (this.#failure) return { begin, untilMs };
    const parallelMax = this.planned.step.forEach?.parallelMax ?? 1;
    // An item that waits for its next attempt still counts toward `parallelMax`.
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

  /** How it ended; undefined while any part of it is open. */
  end(): StepEnd | undefined {
    if (this.#isSkipped) return { status: "skipped" };
    if (this.#failure) {
      return this.runningCount > 0 ? undefined : { status: "failed", ...this.#failure };
    }
    const count = this.isForEach ? this.#items?.length : 1;
    const isDone = count !== undefined && this.#nextItem >= count && this.#open.size === 0;
    return isDone ? { status: "completed" } : undefined;
  }

  /** Its output as expressions see it. */
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
