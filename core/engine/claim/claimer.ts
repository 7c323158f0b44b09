/**
 * Chooses which executions this daemon advances next. The queue is the table, and the table is
 * only read when something may wait there: a new execution that finds room and an empty queue is
 * claimed as it is stored.
 */

import { setImmediate as endOfTurn } from "node:timers/promises";
import { messageOf } from "../../errors.ts";
import type { ExecutionId } from "../../ids.ts";
import type { Log } from "../../log.ts";
import type { ClaimableRow } from "../../store/reads/executions.ts";
import type { Store } from "../../store/store.ts";
import { Turns } from "./turns.ts";

const lookEveryMsDefault = 5_000;
/** A wait that is longer is left to the regular look. */
const timerMsMax = 60_000;

export interface ClaimerOptions {
  readonly store: Store;
  /** How many more executions may be advanced here now. */
  readonly room: () => number;
  /** Begins to advance an execution; false where there is no room, or it is advanced already. */
  readonly claim: (row: ClaimableRow) => boolean;
  readonly now: () => number;
  /** How often the table is read for executions that nobody advances any more. */
  readonly lookEveryMs?: number;
  readonly log: Log;
}

export class Claimer {
  readonly #options: ClaimerOptions;
  readonly #turns = new Turns();
  /** Executions that the store failed in the middle of, to be claimed at the next look. */
  readonly #dropped = new Map<ExecutionId, ClaimableRow>();
  /** Timers that wake parked executions. */
  readonly #wakes = new Set<ReturnType<typeof setTimeout>>();
  /** Whether executions may wait in the table. */
  #mayWait = true;
  #claiming: Promise<void> | undefined;
  #timer: ReturnType<typeof setInterval> | undefined;
  #isClosed = false;

  constructor(options: ClaimerOptions) {
    this.#options = options;
  }

  /** Claims what waits, now and from now on. */
  open(): void {
    const { lookEveryMs = lookEveryMsDefault } = this.#options;
    this.#timer = setInterval(() => this.look(), lookEveryMs);
    this.look();
  }

  /** Claims nothing more. */
  async close(): Promise<void> {
    this.#isClosed = true;
    clearInterval(this.#timer);
    this.#wakes.forEach((timer) => clearTimeout(timer));
    await this.#claiming;
  }

  /** Whether a new execution is claimed as soon as it is offered. */
  isNext({ concurrencyKey }: ClaimableRow): boolean {
    // Whatever waits in the table was created before it; whether others of its concurrency key
    // keep it back, the table knows.
    return !this.#mayWait && concurrencyKey === null && this.#hasRoom;
  }

  /** Claims a new execution when it is next; else it waits its turn in the table. */
  offer(row: ClaimableRow): void {
    if (this.isNext(row)) this.#claim(row);
    else this.look();
  }

  /** Claims what waits in the table, as far as there is room. */
  look(): void {
    for (const [id, row] of this.#dropped) if (this.#claim(row)) this.#dropped.delete(id);
    this.#mayWait = true;
    this.#goOn();
  }

  /** Reads the table when an execution that is parked there may go on. */
  lookAt(atMs: number): void {
    if (this.#isClosed) return;
    const waitMs = Math.min(Math.max(0, atMs - this.#options.now()), timerMsMax);
    const timer = setTimeout(() => {
      this.#wakes.delete(timer);
      this.look();
    }, waitMs);
    this.#wakes.add(timer);
  }

  /** An execution has left its place; `mayWait`: others in the table may go on for that. */
  placeFreed(mayWait: boolean): void {
    if (mayWait) this.#mayWait = true;
    this.#goOn();
  }

  /** Keeps an execution for the next look, whatever the table says of its lease. */
  drop(row: ClaimableRow): void {
    // Whether it was claimed is not known: it is loaded as one that has begun.
    this.#dropped.set(row.executionId, { ...row, status: "running" });
  }

  get #hasRoom(): boolean {
    return !this.#isClosed && this.#options.room() > 0;
  }

  get #mayClaim(): boolean {
    return this.#mayWait && this.#hasRoom;
  }

  #goOn(): void {
    if (!this.#claiming && this.#mayClaim) this.#claiming = this.#claimWaiting();
  }

  #claim(row: ClaimableRow): boolean {
    if (!this.#hasRoom || !this.#options.claim(row)) return false;
    this.#turns.serve(row.workflowName);
    return true;
  }

  async #claimWaiting(): Promise<void> {
    const { store, room, now, log } = this.#options;
    try {
      while (this.#mayClaim) {
        // One look for all that end in a turn.
        await endOfTurn();
        const places = room();
        // Unless there is more than room for, or more comes while the table is read.
        this.#mayWait = false;
        const found = await store.read({
          read: "claimable",
          nowMs: now(),
          limit: places,
          served: this.#turns.served,
        });
        const claimed = oneOfEachKey(found).filter((row) => this.#claim(row));
        if (found.length === places || claimed.length < found.length) this.#mayWait = true;
        // Only our own, whose leases ran out while this thread was held up: they are advanced.
        if (claimed.length === 0) break;
        // The next of their key is counted against them once their claims are committed.
        if (claimed.some(({ concurrencyKey }) => concurrencyKey !== null)) {
          await store.drain();
        }
      }
    } catch (thrown) {
      this.#mayWait = true;
      log.error("cannot look for executions", { reason: messageOf(thrown) });
    } finally {
      // In the turn of the loop's last look at what waits: nothing comes unseen in between.
      this.#claiming = undefined;
    }
  }
}

/** At most one of each concurrency key: how many more may run, the table says after its claim. */
function oneOfEachKey(rows: readonly ClaimableRow[]): readonly ClaimableRow[] {
  const seen = new Set<string>();
  return rows.filter(({ concurrencyKey, status }) => {
    if (concurrencyKey === null || status !== "pending") return true;
    return !seen.has(concurrencyKey) && seen.add(concurrencyKey);
  });
}
