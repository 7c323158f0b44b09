/**
 * Firings on their way: entered in the store, which claims them, started under their own key, and
 * closed. Whatever instant the daemon dies at, the claim runs out and the firing is started by the
 * next scheduler, which the key keeps from starting it twice.
 */

import { AppError, messageOf } from "../errors.ts";
import { type ExecutionId, newOpaqueId } from "../ids.ts";
import type { Log } from "../log.ts";
import { write } from "../store/commits.ts";
import {
  claimFiring,
  enterFiring,
  type FiringCause,
  noteExecution,
  type ScheduleReader,
  type ScheduleRow,
  settleFiring,
} from "../store/schedules.ts";
import type { Store } from "../store/store.ts";
import type { ParsedWorkflow } from "../workflow/definition.ts";
import { fireAtOf, lateMs } from "./catch_up.ts";
import type { FiringEvent } from "./events.ts";
import type { Instants } from "./next.ts";
import type { Schedule } from "./rule.ts";

/** Starts at most one execution for a key, however often it is asked to. */
export type StartExecution = (
  workflow: string,
  options: {
    readonly idempotencyKey: string;
    readonly dueAtMs: number;
    readonly inputs: Readonly<Record<string, unknown>>;
    readonly priority: number;
  },
) => Promise<{ readonly executionId: ExecutionId }>;

/** A schedule as it is kept in memory. */
export interface Entry {
  readonly id: string;
  readonly workflow: ParsedWorkflow;
  readonly schedule: Schedule;
  readonly instants: Instants;
  readonly row: ScheduleRow;
}

/** A firing to be started or skipped. */
export interface Firing {
  readonly entry: Entry;
  readonly dueAtMs: number;
  readonly cause: FiringCause;
  /** Of one that is skipped; an overlap may still come out. */
  readonly reason?: string;
  readonly many?: boolean;
}

/** Firings of one schedule that wait for the execution before them; more are skipped. */
export const queuedMax = 1_000;
/** Firings that are entered, started and closed together. */
const batchMax = 1_000;
const leaseMs = 30_000;
export interface FiringsOptions {
  readonly store: Store;
  readonly reader: ScheduleReader;
  readonly start: StartExecution;
  readonly publish: (event: FiringEvent) => void;
  readonly log: Log;
  readonly now: () => number;
}

export class Firings {
  readonly #options: FiringsOptions;
  readonly #reader: ScheduleReader;
  readonly #owner = newOpaqueId();
  /** Whether firings may wait in the store to be started. */
  #waiting = true;

  constructor(options: FiringsOptions) {
    this.#options = options;
    this.#reader = options.reader;
  }

  /** Whether a firing may wait in the store: for an execution's end, or for its claim's. */
  get mayWait(): boolean {
    return this.#waiting;
  }

  /** Lets firings wait for their turn; gives how many were not there before. */
  async enter(entry: Entry, dueAtMs: readonly number[], cause: FiringCause): Promise<number> {
    const applied = await this.#options.store.commits.commit(
      dueAtMs.map((due) => write(enterFiring, { ...rowOf(entry, due), cause, ...waits })),
    );
    this.#waiting = true;
    return applied.filter(Boolean).length;
  }

  /** Enters what is due, and starts what may start. */
  async fire(firings: readonly Firing[], nowMs: number): Promise<void> {
    for (let from = 0; from < firings.length; from += batchMax) {
      await this.#fire(firings.slice(from, from + batchMax), nowMs);
    }
  }

  async #fire(firings: readonly Firing[], nowMs: number): Promise<void> {
    const { store, publish } = this.#options;
    const sorted = await this.#sortOut(firings);
    const applied = await store.commits.commit(sorted.map(({ firing, waits: isWaiting }) => {
      const { entry, dueAtMs, cause, reason = null } = firing;
      const row = { ...rowOf(entry, dueAtMs), cause, reason };
      if (reason !== null) {
        return write(enterFiring, { ...row, ...this.#claim(nowMs), status: "skipped" });
      }
      if (isWaiting) return write(enterFiring, { ...row, ...waits });
      return write(enterFiring, { ...row, ...this.#claim(nowMs), status: "due" });
    }));
    // what was there already is another scheduler's
    const own = sorted.filter((_, index) => applied[index]);
    for (const { firing } of own) if (firing.reason !== undefined) publish(skippedEvent(firing));
    if (own.some(({ waits }) => waits)) this.#waiting = true;
    await this.#start(
      own.filter(({ firing, waits }) => firing.reason === undefined && !waits)
        .map(({ firing }) => firing),
      nowMs,
    );
  }

  /** Which firings would overlap: they are skipped, or wait, as their schedule says. */
  async #sortOut(
    firings: readonly Firing[],
  ): Promise<{ readonly firing: Firing; readonly waits: boolean }[]> {
    const ids = firings.filter(({ reason }) => reason === undefined).map(({ entry }) => entry.id);
    const busy = new Set(await this.#reader.withOpenExecution([...new Set(ids)]));
    const queues = firings.some(({ entry }) => entry.schedule.overlap === "queue");
    const queued = new Map(queues ? await this.#reader.dueCounts() : []);
    return firings.map((firing) => {
      const { entry: { id, schedule }, reason } = firing;
      if (reason !== undefined) return { firing, waits: false };
      const count = queued.get(id) ?? 0;
      if (!busy.has(id) && count === 0) {
        busy.add(id);
        return { firing, waits: false };
      }
      if (schedule.overlap === "skip") {
        return { firing: { ...firing, reason: "overlap" }, waits: false };
      }
      if (count >= queuedMax) return { firing: { ...firing, reason: "queue_full" }, waits: false };
      queued.set(id, count + 1);
      return { firing, waits: true };
    });
  }

  /** Starts firings whose claim this scheduler has. */
  async #start(firings: readonly Firing[], nowMs: number): Promise<void> {
    if (firings.length === 0) return;
    const { store, publish } = this.#options;
    const ended = await Promise.all(firings.map((firing) => this.#startOne(firing)));
    const at = this.#options.now();
    const closed = ended.filter((end) => end !== undefined);
    await store.commits.commit(
      closed.flatMap(({ firing: { entry, dueAtMs }, executionId, reason }) => [
        write(settleFiring, {
          ...rowOf(entry, dueAtMs),
          owner: this.#owner,
          status: executionId === null ? "skipped" : "fired",
          execution_id: executionId,
          reason,
          at,
        }),
        ...(executionId === null
          ? []
          : [write(noteExecution, { schedule_id: entry.id, execution_id: executionId })]),
      ]),
    );
    for (const { firing, executionId, reason } of closed) {
      if (reason !== null) publish(skippedEvent({ ...firing, reason }));
      else if (executionId !== null) this.#tellLate(firing, executionId, nowMs);
    }
  }

  async #startOne(firing: Firing): Promise<
    | { readonly firing: Firing; readonly executionId: ExecutionId; readonly reason: null }
    | { readonly firing: Firing; readonly executionId: null; readonly reason: string }
    | undefined
  > {
    const { entry: { id, workflow, schedule: { inputs, priority } }, dueAtMs } = firing;
    const idempotencyKey = `${id}@${dueAtMs}`;
    try {
      const options = { idempotencyKey, dueAtMs, inputs, priority };
      const { executionId } = await this.#options.start(workflow.name, options);
      return { firing, executionId, reason: null };
    } catch (thrown) {
      const isRefused = thrown instanceof AppError && refusals.has(thrown.code);
      const reason = messageOf(thrown);
      this.#options.log.error("cannot start a firing", { schedule: id, reason });
      if (isRefused) return { firing, executionId: null, reason: `${thrown.code}: ${reason}` };
      // it stays claimed, and is tried again when the claim has run out
      this.#waiting = true;
      return undefined;
    }
  }

  /** Firings that waited for an execution's end, or were left by a scheduler that died. */
  async startWaiting(entries: ReadonlyMap<string, Entry>, nowMs: number): Promise<void> {
    const found = (await this.#reader.startable(nowMs, batchMax)).flatMap((row): Firing[] => {
      const entry = entries.get(row.scheduleId);
      return entry ? [{ entry, dueAtMs: row.dueAtMs, cause: row.cause }] : [];
    });
    const { owner, expires } = this.#claim(nowMs);
    const applied = await this.#options.store.commits.commit(
      found.map(({ entry, dueAtMs }) =>
        write(claimFiring, { ...rowOf(entry, dueAtMs), owner, expires, at: nowMs })
      ),
    );
    await this.#start(found.filter((_, index) => applied[index]), nowMs);
    this.#waiting = (await this.#reader.dueCounts()).size > 0;
  }

  #claim(nowMs: number): { readonly owner: string; readonly expires: number } {
    return { owner: this.#owner, expires: nowMs + leaseMs };
  }

  #tellLate({ entry, dueAtMs, cause }: Firing, executionId: ExecutionId, nowMs: number): void {
    const byMs = nowMs - fireAtOf(entry.id, entry.schedule, entry.instants, dueAtMs);
    if (cause !== "rule" || byMs <= lateMs) return;
    this.#options.publish({
      topic: "firing.late",
      schedule: entry.id,
      workflow: entry.workflow.name,
      due_at: new Date(dueAtMs).toISOString(),
      late_seconds: byMs / 1_000,
      execution_id: executionId,
    });
  }
}

/** What a firing can't be started for, now or later. */
const refusals: ReadonlySet<string> = new Set([
  "unknown_workflow",
  "invalid_workflow",
  "invalid_input",
  "conflict",
]);

const waits = { owner: null, expires: null, reason: null, status: "due" } as const;

function rowOf({ id }: Entry, dueAtMs: number): { schedule_id: string; due_at: number } {
  return { schedule_id: id, due_at: dueAtMs };
}

function skippedEvent({ entry, dueAtMs, reason = "", many = false }: Firing): FiringEvent {
  return {
    topic: "firing.skipped",
    schedule: entry.id,
    workflow: entry.workflow.name,
    due_at: new Date(dueAtMs).toISOString(),
    reason,
    many,
  };
}
