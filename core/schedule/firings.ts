/**
 * What happens to a firing: it is entered as fired, in one transaction with the execution it
 * starts; or it is entered as waiting, or as skipped. Whenever the daemon dies, the firing is
 * either stored with its execution or still due. If several schedulers share a store, the first to
 * commit owns the firing; the others see that their operation was not applied.
 */

import { AppError, messageOf } from "../errors.ts";
import type { ExecutionId } from "../ids.ts";
import type { Log } from "../log.ts";
import type { ExecutionOperation } from "../store/operations/executions.ts";
import type { EnterFiring, FiringKey, ScheduleOperation } from "../store/operations/schedules.ts";
import type { ScheduleRow } from "../store/reads/schedules.ts";
import type { Store } from "../store/store.ts";
import { fireAtOf, lateMs } from "./catch_up.ts";
import { type FiringEvent, lateEvent, skippedEvent } from "./events.ts";
import type { Instants } from "./next.ts";
import type { Schedule } from "./rule.ts";
import type { FiringCause } from "../statuses.ts";

/** Something with schedules; the only view of a workflow in this folder. */
export interface Scheduled {
  readonly name: string;
  readonly enabled: boolean;
  readonly schedules: readonly Schedule[];
}

/** The data from which a firing starts an execution. */
export interface FiringStart {
  readonly inputs: Readonly<Record<string, unknown>>;
  readonly priority: number;
  readonly firing: FiringKey & {
    /** The operations apply only if the firing is in this state: not entered, or waiting. */
    readonly was: "none" | "due";
  };
}

/** An execution ready to be stored. */
export interface Startable {
  readonly row: { readonly executionId: ExecutionId };
  /**
   * The last operation stores the execution; it applies only if the firing is in the expected
   * state.
   */
  readonly operations: readonly ExecutionOperation[];
  /** Called after the operations were applied. */
  onStored(): void;
}

/** Prepares an execution; throws if the workflow cannot be started. */
export type PrepareExecution<W extends Scheduled> = (workflow: W, start: FiringStart) => Startable;

/** A schedule in memory. */
export interface Entry<W extends Scheduled = Scheduled> {
  readonly id: string;
  readonly workflow: W;
  readonly schedule: Schedule;
  readonly instants: Instants;
  readonly row: ScheduleRow;
}

/** A firing to start or skip. */
export interface Firing<W extends Scheduled = Scheduled> {
  readonly entry: Entry<W>;
  readonly dueAtMs: number;
  readonly cause: FiringCause;
  /** Why it is skipped; overlaps are found later. */
  readonly reason?: string;
  readonly many?: boolean;
}

/** How many firings of one schedule may wait for the executions before them. */
export const queuedMax = 1_000;
/** Firings per transaction, so that the first of many are durable early. */
const batchMax = 1_000;

export interface FiringsOptions<W extends Scheduled> {
  readonly store: Store;
  /** Called once for each batch of starts. */
  readonly preparing: () => PrepareExecution<W>;
  readonly publish: (event: FiringEvent) => void;
  readonly log: Log;
}

type Was = FiringStart["firing"]["was"];

/** What to do with a firing. */
type Fate<W extends Scheduled = Scheduled> =
  | { readonly kind: "start"; readonly firing: Firing<W>; readonly prepared: Startable }
  | { readonly kind: "skip"; readonly firing: Firing<W>; readonly reason: string }
  | { readonly kind: "wait"; readonly firing: Firing<W> };

export class Firings<W extends Scheduled> {
  readonly #options: FiringsOptions<W>;
  /** Whether firings may be waiting in the store. */
  #waiting = true;

  constructor(options: FiringsOptions<W>) {
    this.#options = options;
  }

  /** Whether a firing may be waiting in the store for an execution to end. */
  get mayWait(): boolean {
    return this.#waiting;
  }

  /** Enters firings as waiting; returns how many were new. */
  async enter(entry: Entry<W>, dueAtMs: readonly number[], cause: FiringCause): Promise<number> {
    const applied = await this.#options.store.commit(
      dueAtMs.map((due) => enterFiring({ entry, dueAtMs: due, cause }, "due", null)),
    );
    this.#waiting = true;
    return applied.filter(Boolean).length;
  }

  /** Starts, queues or skips firings, as their schedules say. */
  async fire(firings: readonly Firing<W>[], nowMs: number): Promise<void> {
    for (let from = 0; from < firings.length; from += batchMax) {
      const batch = firings.slice(from, from + batchMax);
      await this.#settle(await this.#sortOut(batch), "none", nowMs);
    }
  }

  /** Starts firings that waited for an execution to end. */
  async startWaiting(entries: ReadonlyMap<string, Entry<W>>, nowMs: number): Promise<void> {
    const { store } = this.#options;
    const rows = await store.read({ read: "startable_firings", limit: batchMax });
    const found = rows.flatMap((row): Firing<W>[] => {
      const entry = entries.get(row.scheduleId);
      return entry ? [{ entry, dueAtMs: row.dueAtMs, cause: row.cause }] : [];
    });
    const prepare = this.#options.preparing();
    const fates = found.map((firing) => this.#start(prepare, firing, "due"));
    await this.#settle(fates, "due", nowMs);
    this.#waiting = (await store.read({ read: "due_counts" })).size > 0;
  }

  /** Finds firings that would overlap; they are skipped or wait, as their schedules say. */
  async #sortOut(firings: readonly Firing<W>[]): Promise<Fate<W>[]> {
    const ids = firings.filter(({ reason }) => reason === undefined).map(({ entry }) => entry.id);
    const { store } = this.#options;
    const busy = new Set(await store.read({ read: "busy_schedules", ids: [...new Set(ids)] }));
    const queues = firings.some(({ entry }) => entry.schedule.overlap === "queue");
    const queued = new Map(queues ? await store.read({ read: "due_counts" }) : []);
    const prepare = this.#options.preparing();
    return firings.map((firing): Fate<W> => {
      const { entry: { id, schedule }, reason } = firing;
      if (reason !== undefined) return { kind: "skip", firing, reason };
      const count = queued.get(id) ?? 0;
      if (!busy.has(id) && count === 0) {
        busy.add(id);
        return this.#start(prepare, firing, "none");
      }
      if (schedule.overlap === "skip") return { kind: "skip", firing, reason: "overlap" };
      if (count >= queuedMax) return { kind: "skip", firing, reason: "queue_full" };
      queued.set(id, count + 1);
      return { kind: "wait", firing };
    });
  }

  #start(prepare: PrepareExecution<W>, firing: Firing<W>, was: Was): Fate<W> {
    const { entry: { id, workflow, schedule: { inputs, priority } }, dueAtMs } = firing;
    try {
      const start = { inputs, priority, firing: { scheduleId: id, dueAtMs, was } };
      return { kind: "start", firing, prepared: prepare(workflow, start) };
    } catch (thrown) {
      const message = messageOf(thrown);
      const reason = thrown instanceof AppError ? `${thrown.code}: ${message}` : message;
      this.#options.log.error("cannot start a firing", { schedule: id, reason });
      return { kind: "skip", firing, reason };
    }
  }

  /**
   * Commits the decisions about firings, then acts on them. All are submitted in one turn, so that
   * they share a transaction, but as separate batches, so that one failure undoes no other.
   */
  async #settle(fates: readonly Fate<W>[], was: Was, nowMs: number): Promise<void> {
    const { store } = this.#options;
    const settled = await Promise.allSettled(fates.map(async (fate) => {
      const applied = await store.commit(operationsOf(fate, was));
      // The second to last operation stores the execution; it applied only if this scheduler owns
      // the firing.
      if (applied.at(fate.kind === "start" ? -2 : -1)) this.#act(fate, nowMs);
    }));
    const refused = settled.find(({ status }) => status === "rejected");
    if (refused?.status === "rejected") throw refused.reason;
  }

  #act(fate: Fate<W>, nowMs: number): void {
    const { publish } = this.#options;
    const { entry, dueAtMs, cause, many = false } = fate.firing;
    const subject = { schedule: entry.id, workflow: entry.workflow.name, dueAtMs, cause, nowMs };
    if (fate.kind === "wait") this.#waiting = true;
    if (fate.kind === "skip") publish(skippedEvent(subject, fate.reason, many));
    if (fate.kind !== "start") return;
    fate.prepared.onStored();
    const byMs = nowMs - fireAtOf(entry.id, entry.schedule, entry.instants, dueAtMs);
    if (cause !== "rule" || byMs <= lateMs) return;
    publish(lateEvent(subject, fate.prepared.row.executionId));
  }
}

function operationsOf(
  fate: Fate,
  was: Was,
): readonly (ExecutionOperation | ScheduleOperation)[] {
  const { firing } = fate;
  const { entry: { id: scheduleId }, dueAtMs, cause } = firing;
  switch (fate.kind) {
    case "wait":
      return [enterFiring(firing, "due", null)];
    case "start":
      return [...fate.prepared.operations, { kind: "close_firing", scheduleId, dueAtMs, cause }];
    case "skip":
      return was === "none"
        ? [enterFiring(firing, "skipped", fate.reason)]
        : [{ kind: "skip_firing", scheduleId, dueAtMs, reason: fate.reason }];
  }
}

function enterFiring(
  { entry: { id: scheduleId }, dueAtMs, cause }: Firing,
  status: "due" | "skipped",
  reason: string | null,
): EnterFiring {
  return { kind: "enter_firing", scheduleId, dueAtMs, cause, status, reason };
}
