/**
 * Chooses which executions this daemon advances next. The queue is the table, which is read only
 * when something may be waiting there: a new execution that finds room and an empty queue is
 * claimed as soon as it is stored.
 */

import { setImmediate as endOfTurn } from "node:timers/promises";
import { messageOf } from "../../errors.ts";
import type { ExecutionId } from "../../ids.ts";
import type { Log } from "../../log.ts";
import type { ClaimableRow } from "../../store/reads/executions.ts";
import type { Store } from "../../store/store.ts";
import { Turns } from "./turns.ts";

const pollEveryMsDefault = 5_000;
/** Longer waits are left to the regular poll. */
const timerMsMax = 60_000;

export interface ClaimerOptions {
  readonly store: Store;
  /** How many more executions may be advanced now. */
  readonly room: () => number;
  /**
   * Starts to advance an execution; false when there is no room or it is already being advanced.
   */
  readonly claim: (row: ClaimableRow) => boolean;
  readonly now: () => number;
  /** How often the table is polled for executions whose daemon has died. */
  readonly pollEveryMs?: number;
  readonly log: Log;
}

export class Claimer {
  readonly #options: ClaimerOptions;
  readonly #turns = new Turns();
  /** Executions interrupted by a failure of the store, to be claimed at the next poll. */
  readonly #dropped = new Map<ExecutionId, ClaimableRow>();
  /** Timers that wake parked executions. */
  readonly #wakes = new Set<ReturnType<typeof setTimeout>>();
  /** Whether executions may be waiting in the table. */
  #mayWait = true;
  #claiming: Promise<void> | undefined;
  #timer: ReturnType<typeof setInterval> | undefined;
  #isClosed = false;

  constructor(options: ClaimerOptions) {
    this.#options = options;
  }

  /** Claims waiting executions, now and from now on. */
  open(): void {
    const { pollEveryMs = pollEveryMsDefault } = this.#options;
    this.#timer = setInterval(() => this.poll(), pollEveryMs);
    this.poll();
  }

  /** Stops claiming. */
  async close(): Promise<void> {
    this.#isClosed = true;
    clearInterval(this.#timer);
    this.#wakes.forEach((timer) => clearTimeout(timer));
    await this.#claiming;
  }

  /** Whether a new execution would be claimed at once. */
  isNext({ concurrencyKey }: ClaimableRow): boolean {
    // Everything waiting in the table is older. With a concurrency key, only the table knows
    // whether other executions hold it back.
    return !this.#mayWait && concurrencyKey === null && this.#hasRoom;
  }

  /** Claims a new execution if it is next; otherwise it waits in the table. */
  offer(row: ClaimableRow): void {
    if (this.isNext(row)) this.#claim(row);
    else this.poll();
  }

  /** Claims executions that wait in the table, as far as there is room. */
  poll(): void {
    for (const [id, row] of this.#dropped) if (this.#claim(row)) this.#dropped.delete(id);
    this.#mayWait = true;
    this.#goOn();
  }

  /** Polls the table at `atMs`, when a parked execution may continue. */
  pollAt(atMs: number): void {
    if (this.#isClosed) return;
    const waitMs = Math.min(Math.max(0, atMs - this.#options.now()), timerMsMax);
    const timer = setTimeout(() => {
      this.#wakes.delete(timer);
      this.poll();
    }, waitMs);
    this.#wakes.add(timer);
  }

  /** An execution has left its place. `mayWait`: this may let others in the table continue. */
  placeFreed(mayWait: boolean): void {
    if (mayWait) this.#mayWait = true;
    this.#goOn();
  }

  /** Keeps an execution for the next poll, whatever the table says about its lease. */
  drop(row: ClaimableRow): void {
    // It may have been claimed, so it must be loaded like one that has begun.
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
        // One poll serves all executions that end in the same turn.
        await endOfTurn();
        const places = room();
        // Set again below if more may wait, or by others while the table is read.
        this.#mayWait = false;
        const found = await store.read({
          read: "claimable",
          nowMs: now(),
          limit: places,
          served: this.#turns.served,
        });
        const claimed = oneOfEachKey(found).filter((row) => this.#claim(row));
        if (found.length === places || claimed.length < found.length) this.#mayWait = true;
        // All of them are already advanced here: their leases expired while this thread was
        // blocked.
        if (claimed.length === 0) break;
        // The next of their key can be counted only after these claims are committed.
        if (claimed.some(({ concurrencyKey }) => concurrencyKey !== null)) {
          await store.drain();
        }
      }
    } catch (thrown) {
      this.#mayWait = true;
      log.error("cannot look for executions", { reason: messageOf(thrown) });
    } finally {
      // In the same turn as the loop's last check, so that nothing arrives unseen in between.
      this.#claiming = undefined;
    }
  }
}

/** Keeps at most one of each concurrency key; how many more may run is known after its claim. */
function oneOfEachKey(rows: readonly ClaimableRow[]): readonly ClaimableRow[] {
  const seen = new Set<string>();
  return rows.filter(({ concurrencyKey, status }) => {
    if (concurrencyKey === null || status !== "pending") return true;
    return !seen.has(concurrencyKey) && seen.add(concurrencyKey);
  });
}
