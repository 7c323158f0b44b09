/**
 * Finds due instants and fires them. Memory holds one entry for each schedule, ordered by its next
 * instant; a schedule that is not due costs nothing. Several schedulers may share a store.
 */

import { AppError } from "../errors.ts";
import type { Log } from "../log.ts";
import type { ScheduleRow } from "../store/reads/schedules.ts";
import type { Store } from "../store/store.ts";
import { catchUp, catchUpOne, fireAtOf } from "./catch_up.ts";
import { DueHeap } from "./due_heap.ts";
import type { FiringEvent } from "./events.ts";
import {
  type Entry,
  type Firing,
  Firings,
  type PrepareExecution,
  type Scheduled,
} from "./firings.ts";
import { instantsOf } from "./next.ts";
import type { FiringCause } from "../statuses.ts";

export interface SchedulerOptions<W extends Scheduled> {
  readonly store: Store;
  /** Every workflow, enabled or not. */
  readonly workflows: () => Promise<readonly W[]>;
  /** Called once for each batch of starts. */
  readonly preparing: () => PrepareExecution<W>;
  readonly publish: (event: FiringEvent) => void;
  readonly log: Log;
  readonly now?: () => number;
}

/** How far a schedule has been decided. */
interface Place<W extends Scheduled> {
  readonly entry: Entry<W>;
  /** Everything due up to this instant has been decided. */
  readonly afterMs: number;
}

interface Coming<W extends Scheduled> extends Place<W> {
  readonly dueMs: number;
  readonly fireAtMs: number;
}

/** Firings deleted in one transaction. */
const forgottenMax = 2_000;
/** A clock that jumps back by less than this was only corrected. */
const backwardMs = 1_000;

export class Scheduler<W extends Scheduled> {
  readonly #options: SchedulerOptions<W>;
  readonly #now: () => number;
  readonly #firings: Firings<W>;
  readonly #coming = new DueHeap<Coming<W>>();
  #entries: ReadonlyMap<string, Entry<W>> = new Map();
  #lastMs = 0;
  #turn: Promise<void> = Promise.resolve();

  constructor(options: SchedulerOptions<W>) {
    this.#options = options;
    this.#now = options.now ?? Date.now;
    this.#firings = new Firings(options);
  }

  /** Every schedule, by id. */
  get entries(): ReadonlyMap<string, Entry<W>> {
    return this.#entries;
  }

  /** The instant of the next firing; undefined without one. */
  get nextAtMs(): number | undefined {
    return this.#coming.top?.fireAtMs;
  }

  /** Reads the workflows' schedules, and resumes where the store says. */
  sync(): Promise<void> {
    return this.#inTurn(async () => {
      const { workflows, store } = this.#options;
      const atMs = this.#now();
      const found = (await workflows()).flatMap(schedulesOf);
      await store.commit(found.map(({ id, workflow, schedule }) => ({
        kind: "save_schedule",
        scheduleId: id,
        workflowName: workflow.name,
        rule: JSON.stringify([schedule.rule, schedule.startAtMs, schedule.endAtMs]),
        isActive: workflow.enabled && schedule.enabled,
        atMs,
      })));
      const rows = await this.#rows();
      this.#entries = new Map(found.flatMap(({ id, workflow, schedule }) => {
        const row = rows.get(id);
        if (!row) return [];
        return [[id, { id, workflow, schedule, row, instants: instantsOf(schedule) }]];
      }));
      this.#line();
    });
  }

  /** Fires everything due by now, and starts waiting firings that may start. */
  advance(): Promise<void> {
    return this.#inTurn(async () => {
      const nowMs = this.#now();
      if (nowMs < this.#lastMs - backwardMs) await this.#reread();
      this.#lastMs = nowMs;
      const { firings, next } = this.#takeDue(nowMs);
      try {
        await this.#firings.fire(firings, nowMs);
      } catch (thrown) {
        // Firings that were not entered become due again; entered ones are in the store.
        this.#line();
        throw thrown;
      }
      // Only after the firings, which this would delay.
      for (const { entry, afterMs } of next) this.#push(entry, afterMs);
      if (this.#firings.mayWait) await this.#firings.startWaiting(this.#entries, nowMs);
    });
  }

  /** Deletes the history of firings before an instant; returns how many. */
  async forget(beforeMs: number): Promise<number> {
    const { store } = this.#options;
    const ask = { read: "forgettable_firings", beforeMs, limit: forgottenMax } as const;
    for (let count = 0;;) {
      const firings = await store.read(ask);
      const forgotten = await store.commit(firings.map((firing) => (
        { kind: "forget_firing", ...firing }
      )));
      count += forgotten.filter(Boolean).length;
      if (firings.length < forgottenMax) return count;
    }
  }

  /** Resolves when no action is running. */
  async idle(): Promise<void> {
    await this.#turn;
  }

  /** @throws {AppError} `unknown_schedule`. */
  entry(id: string): Entry<W> {
    const entry = this.#entries.get(id);
    if (entry) return entry;
    throw new AppError(
      "unknown_schedule",
      `Cannot find schedule "${id}": no workflow has it; list the schedules to see their names`,
    );
  }

  /** Pauses or resumes a schedule; survives restarts. @throws {AppError} `unknown_schedule`. */
  pause(id: string, paused: boolean): Promise<void> {
    this.entry(id);
    return this.#inTurn(async () => {
      await this.#options.store.commit([
        { kind: "pause_schedule", scheduleId: id, isPaused: paused, atMs: this.#now() },
      ]);
      await this.#reread();
    });
  }

  /**
   * Enters firings at these instants, whatever the rule. An instant that was already fired is not
   * fired again. Returns how many were entered.
   * @throws {AppError} `unknown_schedule`.
   */
  enter(id: string, dueAtMs: readonly number[], cause: FiringCause): Promise<number> {
    return this.#firings.enter(this.entry(id), dueAtMs, cause);
  }

  /** Whether a firing may be waiting in the store for an execution to end. */
  get mayStartWaiting(): boolean {
    return this.#firings.mayWait;
  }

  /** Runs actions one at a time, because each continues from the state the previous one left. */
  #inTurn(action: () => Promise<void>): Promise<void> {
    const done = this.#turn.then(action);
    // The caller gets the error; the next action still runs.
    this.#turn = done.catch(() => undefined);
    return done;
  }

  /** The stored rows, by schedule id. */
  async #rows(): Promise<ReadonlyMap<string, ScheduleRow>> {
    const rows = await this.#options.store.read({ read: "schedules" });
    return new Map(rows.map((row) => [row.id, row]));
  }

  async #reread(): Promise<void> {
    const rows = await this.#rows();
    this.#entries = new Map(
      [...this.#entries].map(([id, entry]) => [id, { ...entry, row: rows.get(id) ?? entry.row }]),
    );
    this.#line();
  }

  /** Queues every schedule that may fire, by its next instant. */
  #line(): void {
    const nowMs = this.#now();
    this.#coming.clear();
    for (const entry of this.#entries.values()) {
      if (!entry.row.active || entry.row.paused) continue;
      // After a clock that was ahead is corrected, instants before its wrong time must still fire.
      this.#push(entry, Math.min(entry.row.decidedUntilMs, nowMs));
    }
  }

  #push(entry: Entry<W>, afterMs: number): void {
    const due = entry.instants.after(afterMs);
    if (due === undefined) return;
    const fireAtMs = fireAtOf(entry.id, entry.schedule, entry.instants, due);
    this.#coming.push({ entry, afterMs, dueMs: due, fireAtMs });
  }

  /** Removes due schedules from the queue; returns their firings and next places. */
  #takeDue(nowMs: number): { readonly firings: Firing<W>[]; readonly next: readonly Place<W>[] } {
    const firings: Firing<W>[] = [];
    const next: Place<W>[] = [];
    for (;;) {
      const coming = this.#coming.popDue(nowMs);
      if (!coming) return { firings, next };
      const { entry, afterMs, dueMs } = coming;
      const { id, schedule, instants } = entry;
      const { fireMs, missed } = catchUpOne(dueMs, instants, nowMs) ??
        catchUp(id, schedule, instants, afterMs, nowMs);
      if (missed) {
        const { dueMs: dueAtMs, many } = missed;
        firings.push({ entry, dueAtMs, cause: "rule", reason: "missed", many });
      }
      for (const dueAtMs of fireMs) firings.push({ entry, dueAtMs, cause: "rule" });
      next.push({ entry, afterMs: Math.max(fireMs.at(-1) ?? afterMs, missed?.dueMs ?? afterMs) });
    }
  }
}

/** A workflow's schedules with their ids: its name, then `name.2`, `name.3`, … */
function schedulesOf<W extends Scheduled>(
  workflow: W,
): Pick<Entry<W>, "id" | "workflow" | "schedule">[] {
  return workflow.schedules.map((schedule, index) => ({
    id: index === 0 ? workflow.name : `${workflow.name}.${index + 1}`,
    workflow,
    schedule,
  }));
}
