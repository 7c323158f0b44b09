/**
 * How far one step has come: once, or item by item in the order of its list. Pure. What it keeps
 * is bounded by the items in flight, not by the list: ended items leave their output, where an
 * expression reads it, and nothing else.
 */

import type { ErrorRow } from "../../store/executions.ts";
import { type Attempt, Unit, type UnitEnd } from "./unit.ts";
import type { PlannedStep } from "./plan.ts";

/** The item of a step that runs once. */
export const noItem = -1;

export type StepEnd =
  | { readonly status: "completed" | "skipped" }
  | { readonly status: "failed" } & StepFailure;

/** Which attempt a step failed with, counted from 1; of an item, or {@link noItem}. */
export interface StepFailure {
  readonly error: ErrorRow;
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
  /** Begun or about to be begun, and not ended, by item. */
  readonly #open = new Map<number, Unit>();
  /** Items are begun in order; this is the first that never was. */
  #nextItem = 0;
  #items: readonly unknown[] | undefined;
  /** Of ended items, by their place. */
  readonly #outputs: unknown[] = [];
  #failure: StepFailure | undefined;
  #isSkipped = false;
  /** How many characters of output it keeps. */
  keptLength = 0;
  /** The number of the next attempt that is about the step, not about one of its items. */
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

  /** Gives the list it runs for; a step without `for_each` has none. */
  openWith(items: readonly unknown[] | undefined): void {
    this.#items = items ?? [undefined];
  }

  /** What the store knows of an attempt, in the order of attempts. */
  record(attempt: Attempt): void {
    const { item } = attempt;
    // A row without an item of a step with items tells of the step: skipped, or its list is wrong.
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

  /** What may be begun now, at most `room`; and the instant of the next that has to wait. */
  due(nowMs: number, room: number): StepDue {
    const begin: { item: number; attempt: number }[] = [];
    let untilMs = Infinity;
    if (this.#failure) return { begin, untilMs };
    const parallelMax = this.planned.step.forEach?.parallelMax ?? 1;
    // What waits for its next attempt keeps its place.
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

  /** What has become of it; undefined while something of it is open. */
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
