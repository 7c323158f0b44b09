/**
 * Starts executions and brings each to its end, at most `concurrentMax` at once. The queue is the
 * table: a pending execution waits there, survives the daemon, and costs no memory. An execution's
 * path through the engine has four steps:
 *
 * - claim: it gets a place here and the lease, without which nobody may advance it;
 * - load: its plan and its previous attempts are read;
 * - advance: commit, then act, until it has ended, is paused, or has a long wait;
 * - release: its place goes to the next one.
 *
 * At the start, the engine claims what an earlier daemon left running and resumes each execution
 * after its last completed step.
 */

import { AppError, messageOf } from "../errors.ts";
import type { ExecutionId } from "../ids.ts";
import type { Log } from "../log.ts";
import type { ClaimableRow, ExecutionRow } from "../store/reads/executions.ts";
import type { Store } from "../store/store.ts";
import type { ParsedWorkflow } from "../workflow/definition.ts";
import { advance, type Left } from "./advance/advance.ts";
import { Claimer } from "./claim/claimer.ts";
import type { Definitions } from "./definitions.ts";
import { asOf, type EngineEvent } from "./events.ts";
import { isLeaseLost, Leases } from "./claim/lease.ts";
import { load } from "./load.ts";
import { QueueRoom } from "./claim/queue_room.ts";
import type { Invoke } from "./advance/requests.ts";
import { requireSecrets } from "./secrets.ts";
import { newExecution, type Prepared, type StartOptions } from "./start.ts";
import { Steering, type Wanted } from "./steering.ts";
import { ThreadShare } from "../thread_share.ts";

export interface EngineOptions {
  readonly store: Store;
  readonly invoke: Invoke;
  readonly publish: (event: EngineEvent) => void;
  readonly definitions: Definitions;
  readonly concurrentMax: number;
  /** Executions that may be queued; unlimited by default. */
  readonly queueMax?: number;
  /** By name; a workflow may use those that it names. */
  readonly secrets?: Readonly<Record<string, string>>;
  readonly log: Log;
  readonly now?: () => number;
  /** How long a lease lasts; it is renewed three times as often. */
  readonly leaseMs?: number;
  /** How often the table is polled for executions whose daemon has died. */
  readonly pollEveryMs?: number;
}

export class Engine {
  readonly #options: EngineOptions & Required<Pick<EngineOptions, "now" | "secrets">>;
  readonly #room: QueueRoom;
  readonly #leases: Leases;
  readonly #claimer: Claimer;
  readonly #share = new ThreadShare();
  /** The executions advanced here. */
  readonly #running = new Map<ExecutionId, Steering>();
  /** Each settles once its execution has been released. */
  readonly #paths = new Set<Promise<void>>();
  #isClosing = false;

  constructor(given: EngineOptions) {
    const options = { now: Date.now, secrets: {}, ...given };
    const { store, queueMax: max = Infinity, concurrentMax, now } = options;
    this.#options = options;
    this.#room = new QueueRoom({ max, count: () => store.read({ read: "pending_count" }), now });
    this.#leases = new Leases({ ...options, running: this.#running });
    this.#claimer = new Claimer({
      ...options,
      room: () => concurrentMax - this.#running.size,
      claim: (row) => this.#claim(row),
    });
  }

  get runningCount(): number {
    return this.#running.size;
  }

  /** Starts to claim running and pending executions from the store. */
  async open(): Promise<void> {
    await this.#leases.open();
    this.#claimer.open();
  }

  /**
   * Stores a new execution, which is advanced as soon as there is room. If an earlier start used
   * the same idempotency key, returns that execution, whatever its status.
   * @throws {AppError} `invalid_input` with every problem of the inputs, `expression_failed`,
   * `store_unavailable`; `invalid_config` for secrets that are not set; `overloaded` while the
   * queue is full; `conflict` during shutdown, or for a key that was used with other inputs.
   */
  async start(workflow: ParsedWorkflow, options: StartOptions = {}): Promise<ExecutionRow> {
    const { row, operations, onStored } = this.prepare(workflow, options);
    const { idempotencyKey: key } = options;
    const { store, definitions } = this.#options;
    definitions.keep(row.definitionId, workflow);
    await this.#room.take(workflow.name);
    const isStored = (await store.commit(operations)).at(-1);
    if (!isStored && key !== undefined) return await this.#startedBefore(row, key);
    onStored();
    return row;
  }

  /**
   * Prepares a new execution, which the caller stores in a transaction of its own. The caller
   * limits how many may be queued.
   * @throws {AppError} `invalid_input`, `expression_failed`; `invalid_config` for secrets that are
   * not set; `conflict` during shutdown.
   */
  prepare(workflow: ParsedWorkflow, options: StartOptions): Prepared {
    const { definitions, secrets, now } = this.#options;
    if (this.#isClosing) {
      throw new AppError("conflict", "Cannot start an execution: the daemon is shutting down");
    }
    requireSecrets(workflow, secrets);
    const at = now();
    const isStored = (id: string): boolean => definitions.isStored(id, at);
    const { row, claimable, operations } = newExecution(workflow, options, at, isStored);
    const onStored = (): void => {
      definitions.noteStored(row.definitionId, at);
      // It is about to be claimed, so keep its plan instead of reading it back.
      if (this.#claimer.isNext(claimable)) definitions.keep(row.definitionId, workflow);
      this.#claimer.offer(claimable);
    };
    return { row, operations, onStored };
  }

  async #startedBefore(
    { workflowName, inputParams, asOfMs }: ExecutionRow,
    key: string,
  ): Promise<ExecutionRow> {
    const found = await this.#options.store.read({ read: "execution_by_key", workflowName, key });
    if (!found) throw new AppError("internal", `Cannot start workflow "${workflowName}"`);
    if (found.inputParams === inputParams && found.asOfMs === asOfMs) return found;
    throw new AppError(
      "conflict",
      `Cannot start workflow "${workflowName}": the idempotency key "${key}" was used with other ` +
        `inputs, or as of another instant, for execution "${found.executionId}"; use another key`,
    );
  }

  /**
   * Call it after an execution's row has changed. `wanted` is what the row now asks for: a running
   * execution acts on it at once; any other is looked for in the table.
   */
  wake(id: ExecutionId, wanted: Wanted | null): void {
    this.#running.get(id)?.set(wanted);
    this.#claimer.poll();
  }

  /**
   * Stops claiming, waits up to `graceMs` for running executions, then leaves the rest in the store
   * for the next daemon to resume.
   */
  async close(graceMs: number): Promise<void> {
    this.#isClosing = true;
    await Promise.all([this.#claimer.close(), this.#leases.close()]);
    const all = Promise.all(this.#paths);
    let timer: ReturnType<typeof setTimeout> | undefined;
    const grace = new Promise<void>((resolve) => timer = setTimeout(resolve, graceMs));
    await Promise.race([all, grace]);
    clearTimeout(timer);
    for (const steering of this.#running.values()) {
      steering.stop(new Error("the daemon is stopping"));
    }
    await all;
  }

  /** Gives an execution a place and advances it; false when it already has one. */
  #claim(row: ClaimableRow): boolean {
    if (this.#running.has(row.executionId)) return false;
    const steering = new Steering();
    this.#running.set(row.executionId, steering);
    const path = this.#followPath(row, steering).finally(() => this.#paths.delete(path));
    this.#paths.add(path);
    return true;
  }

  async #followPath(row: ClaimableRow, steering: Steering): Promise<void> {
    try {
      const left = await this.#loadAndAdvance(row, steering);
      this.#release(row, left);
    } catch (thrown) {
      this.#giveUp(row, steering, thrown);
    }
  }

  /** Undefined when it is not this daemon's to advance. */
  async #loadAndAdvance(row: ClaimableRow, steering: Steering): Promise<Left | undefined> {
    const { publish } = this.#options;
    const leases = this.#leases;
    const means = {
      ...this.#options,
      leases,
      share: this.#share,
      publish: (event: EngineEvent) => publish(asOf(row, event)),
    };
    const loaded = await load(row, steering, means);
    return loaded && await advance(loaded, { ...means, steering, owner: leases.owner });
  }

  #release({ executionId, concurrencyKey }: ClaimableRow, left: Left | undefined): void {
    this.#running.delete(executionId);
    if (typeof left === "object") this.#claimer.pollAt(left.wakeAtMs);
    // Others with its key may continue; or it was resumed while it was being paused.
    this.#claimer.placeFreed(concurrencyKey !== null || left === "paused");
  }

  #giveUp(row: ClaimableRow, steering: Steering, thrown: unknown): void {
    this.#report(row.executionId, thrown);
    // Its open requests must be cancelled, because they will be sent again.
    steering.stop(new Error("the execution is given up"));
    if (isLeaseLost(thrown)) return this.#release(row, undefined);
    // The store is failing, so nothing is claimed before the next poll.
    this.#running.delete(row.executionId);
    this.#claimer.drop(row);
  }

  #report(id: ExecutionId, thrown: unknown): void {
    const { log } = this.#options;
    // Stopped because the daemon is closing, which is no error.
    if (this.#isClosing && !(thrown instanceof AppError)) return;
    const level = isLeaseLost(thrown) ? "info" : "error";
    log[level]("execution stopped", { execution: id, reason: messageOf(thrown) });
  }
}
