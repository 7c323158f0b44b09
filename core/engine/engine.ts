/**
 * Starts executions and brings them to their end, at most `concurrentMax` at once. The queue is
 * the table: what is pending there waits its turn, survives the daemon, and costs no memory. While
 * nothing waits, a new execution is taken as it is stored, without a look.
 *
 * An execution is advanced under a lease, renewed while it runs. At start the engine takes up what
 * an earlier daemon left running, from the first step that had not completed.
 */

import { setImmediate as endOfTurn } from "node:timers/promises";
import { AppError, messageOf, toErrorData } from "../errors.ts";
import { type ExecutionId, newOpaqueId } from "../ids.ts";
import type { Log } from "../log.ts";
import { write } from "../store/commits.ts";
import { claimExecution, leaseMs, releaseAllLeases, renewLease } from "../store/execution_verbs.ts";
import type { ClaimableRow, ErrorRow, ExecutionRow } from "../store/executions.ts";
import { oneOfEachKey } from "../store/queue.ts";
import type { Store } from "../store/store.ts";
import type { ParsedWorkflow } from "../workflow/definition.ts";
import type { Definitions } from "./definitions.ts";
import { enact, type Enacted, type Invoke, isLeaseLost, leaseLost } from "./enactment.ts";
import { endedEvent, type EndedExecution, type EngineEvent } from "./events.ts";
import type { Plan } from "./plan.ts";
import { QueueRoom } from "./queue_room.ts";
import { requireSecrets, secretsOf } from "./secrets.ts";
import { type NewExecution, newExecution, type StartOptions } from "./start.ts";
import { Steering } from "./steering.ts";
import { finishWrite } from "./step_writes.ts";
import { Turns } from "./turns.ts";

export interface EngineOptions {
  readonly store: Store;
  readonly invoke: Invoke;
  readonly publish: (event: EngineEvent) => void;
  readonly definitions: Definitions;
  readonly concurrentMax: number;
  /** Executions that may wait for their turn; any number when not given. */
  readonly queueMax?: number;
  /** By name: what workflows that name them may use in expressions. */
  readonly secrets?: Readonly<Record<string, string>>;
  readonly log: Log;
  readonly now?: () => number;
  /** How long a lease holds; it is renewed three times as often. */
  readonly leaseMs?: number;
  /** How often the table is looked at for executions that nobody advances any more. */
  readonly lookEveryMs?: number;
}

const lookEveryMsDefault = 5_000;

export class Engine {
  readonly #options: EngineOptions;
  readonly #now: () => number;
  readonly #leaseMs: number;
  readonly #owner = newOpaqueId();
  readonly #room: QueueRoom;
  readonly #active = new Map<ExecutionId, Steering>();
  readonly #ended = new Set<Promise<void>>();
  readonly #turns = new Turns();
  /** Those that the store failed in the middle of, to be taken again at the next look. */
  readonly #dropped = new Map<ExecutionId, ClaimableRow>();
  /** Whether executions may wait in the table that have not been taken. */
  #waiting = true;
  #taking: Promise<void> | undefined;
  #renewing: Promise<void> | undefined;
  #timers: ReturnType<typeof setInterval>[] = [];
  /** For the executions that have a place to wait for other than here. */
  #wakes = new Set<ReturnType<typeof setTimeout>>();
  #closing = false;

  constructor(options: EngineOptions) {
    this.#options = options;
    this.#now = options.now ?? Date.now;
    this.#leaseMs = options.leaseMs ?? leaseMs;
    const { store: { executions }, queueMax: max = Infinity } = options;
    this.#room = new QueueRoom({ max, count: () => executions.pendingCount(), now: this.#now });
  }

  get runningCount(): number {
    return this.#active.size;
  }

  /** Takes up what is running or pending in the store. */
  async open(): Promise<void> {
    const { store, lookEveryMs = lookEveryMsDefault } = this.#options;
    // The lock proves that whoever held these leases is dead.
    if (store.exclusive) await store.database.write([{ sql: releaseAllLeases, args: [] }]);
    this.#timers = [
      setInterval(() => this.#renewing = this.#renew(), this.#leaseMs / 3),
      setInterval(() => this.#look(), lookEveryMs),
    ];
    this.#look();
  }

  /**
   * Stores a new execution, which then starts as soon as there is room. With the idempotency key
   * of an earlier start it is that one, whatever became of it.
   * @throws {AppError} `invalid_input` with every problem of the inputs, `expression_failed`,
   * `store_unavailable`; `invalid_config` for secrets that are not set; `overloaded` while too many
   * wait; `conflict` while shutting down, or for a key that was used with other inputs.
   */
  async start(workflow: ParsedWorkflow, options: StartOptions = {}): Promise<ExecutionRow> {
    const created = this.prepare(workflow, options);
    const { row, writes } = created;
    const { idempotencyKey: key } = options;
    const { store, definitions } = this.#options;
    definitions.keep(row.definitionId, workflow);
    await this.#room.take(workflow.name);
    const isStored = (await store.commits.commit(writes)).at(-1);
    if (!isStored && key !== undefined) return await this.#startedBefore(row, key);
    this.begin(created);
    return row;
  }

  /**
   * Makes a new execution ready that the caller stores, together with what it is stored for; once
   * its writes have taken effect, it is handed to {@link begin}. How many may wait is the caller's
   * to bound.
   * @throws {AppError} `invalid_input`, `expression_failed`; `invalid_config` for secrets that are
   * not set; `conflict` while shutting down.
   */
  prepare(workflow: ParsedWorkflow, options: StartOptions): NewExecution {
    if (this.#closing) {
      throw new AppError("conflict", "Cannot start an execution: the daemon is shutting down");
    }
    requireSecrets(workflow, this.#options.secrets ?? {});
    const at = this.#now();
    return newExecution(workflow, options, at, (id) => this.#options.definitions.isStored(id, at));
  }

  /** Starts an execution that has been stored, as soon as there is room. */
  begin({ workflow, claimable }: NewExecution): void {
    const { definitions } = this.#options;
    definitions.noteStored(claimable.definitionId, claimable.createdAtMs);
    // Whatever waits in the table was created before it; whether others of its concurrency key
    // keep it back, the table knows.
    if (this.#waiting || claimable.concurrencyKey !== null || !this.#hasRoom) return this.#look();
    definitions.keep(claimable.definitionId, workflow);
    this.#take(claimable);
  }

  async #startedBefore(
    { workflowName, inputParams }: ExecutionRow,
    key: string,
  ): Promise<ExecutionRow> {
    const found = await this.#options.store.executions.startedWith(workflowName, key);
    if (!found) throw new AppError("internal", `Cannot start workflow "${workflowName}"`);
    if (found.inputParams === inputParams) return found;
    throw new AppError(
      "conflict",
      `Cannot start workflow "${workflowName}": the idempotency key "${key}" was used with other ` +
        `inputs, for execution "${found.executionId}"; take another key`,
    );
  }

  /** Takes up at once what has been opened again in the store. */
  wake(): void {
    this.#look();
  }

  /** What steers an execution that this engine advances. */
  steeringOf(id: ExecutionId): Steering | undefined {
    return this.#active.get(id);
  }

  /**
   * Ends an execution that has never begun, or that nobody can take any more.
   * @returns false when it has begun, or ended.
   */
  async endUnbegun(row: ExecutionRow, status: "cancelled"): Promise<boolean> {
    return !this.#active.has(row.executionId) && await this.#finish(row, "", status, null);
  }

  /**
   * Starts nothing more, waits up to `graceMs` for what runs, then leaves the rest as it is in
   * the store: the next daemon goes on with it.
   */
  async close(graceMs: number): Promise<void> {
    this.#closing = true;
    this.#timers.forEach((timer) => clearInterval(timer));
    this.#wakes.forEach((timer) => clearTimeout(timer));
    await Promise.all([this.#taking, this.#renewing]);
    const all = Promise.all(this.#ended);
    let timer: ReturnType<typeof setTimeout> | undefined;
    const grace = new Promise<void>((resolve) => timer = setTimeout(resolve, graceMs));
    await Promise.race([all, grace]);
    clearTimeout(timer);
    for (const steering of this.#active.values()) {
      steering.stop(new Error("the daemon is stopping"));
    }
    await all;
  }

  /** Takes what waits in the table, as far as there is room. */
  #look(): void {
    for (const [id, row] of this.#dropped) if (this.#take(row)) this.#dropped.delete(id);
    this.#waiting = true;
    this.#goOn();
  }

  #goOn(): void {
    if (!this.#taking && this.#mayTake()) this.#taking = this.#takeWaiting();
  }

  #mayTake(): boolean {
    return this.#waiting && this.#hasRoom;
  }

  get #hasRoom(): boolean {
    return !this.#closing && this.#active.size < this.#options.concurrentMax;
  }

  async #takeWaiting(): Promise<void> {
    const { store, concurrentMax, log } = this.#options;
    try {
      while (this.#mayTake()) {
        // One look for all that end in a turn.
        await endOfTurn();
        const room = concurrentMax - this.#active.size;
        // Unless there is more than room for, or more comes while it looks.
        this.#waiting = false;
        const found = await store.executions.claimable(this.#now(), room, this.#turns.served);
        const taken = oneOfEachKey(found).filter((row) => this.#take(row));
        if (found.length === room || taken.length < found.length) this.#waiting = true;
        // Own ones alone, whose leases ran out while this thread was held up: they are enacted.
        if (taken.length === 0) break;
        // The next of their key is counted against them once they are claimed.
        if (taken.some(({ concurrencyKey }) => concurrencyKey !== null)) {
          await store.commits.drain();
        }
      }
    } catch (thrown) {
      this.#waiting = true;
      log.error("cannot look for executions", { reason: messageOf(thrown) });
    } finally {
      // In the turn of the loop's last look at what waits: nothing comes unseen in between.
      this.#taking = undefined;
    }
  }

  /** Begins to enact an execution; false when there is no room, or it has begun. */
  #take(row: ClaimableRow): boolean {
    const { executionId } = row;
    if (!this.#hasRoom || this.#active.has(executionId)) return false;
    const steering = new Steering();
    this.#active.set(executionId, steering);
    this.#turns.serve(row.workflowName);
    const ended = this.#enactToEnd(row, steering).finally(() => this.#ended.delete(ended));
    this.#ended.add(ended);
    return true;
  }

  async #enactToEnd(row: ClaimableRow, steering: Steering): Promise<void> {
    const { executionId, concurrencyKey } = row;
    let enacted: Enacted | undefined;
    try {
      enacted = await this.#enact(row, steering);
    } catch (thrown) {
      this.#report(executionId, thrown);
      // What it still asks would be asked a second time.
      steering.stop(new Error("the execution is given up"));
      // The store fails: the next look is a timer's, and whether it was claimed is not known.
      const again = { ...row, status: "running" } as const;
      if (!isLeaseLost(thrown)) return void this.#dropped.set(executionId, again);
    } finally {
      this.#active.delete(executionId);
    }
    if (typeof enacted === "object") this.#lookAt(enacted.wakeAtMs);
    // Others of its key may go on, or it was resumed as it was paused.
    if (concurrencyKey !== null || enacted === "paused") this.#waiting = true;
    this.#goOn();
  }

  async #enact(row: ClaimableRow, steering: Steering): Promise<Enacted | undefined> {
    const { store } = this.#options;
    const { executionId, status } = row;
    const at = this.#now();
    const expires = at + this.#leaseMs;
    const claim = write(claimExecution, {
      execution_id: executionId,
      owner: this.#owner,
      at,
      expires,
    });
    if (status === "pending" && row.concurrencyKey === null) {
      const plan = await this.#planOf(row);
      return plan && await this.#carryOn(row, plan, steering, { claim, attempts: [] }, at);
    }
    // Until it is claimed another daemon may still add to its attempts.
    const [claimed] = await store.commits.commit([claim]);
    const current = claimed ? await store.executions.execution(executionId) : undefined;
    const plan = current && await this.#planOf(row);
    if (!current || !plan) return undefined;
    if (current.wanted === "cancel") steering.cancel();
    if (current.wanted === "pause") steering.pause();
    const read = plan.steps.flatMap(({ isRead, index }) => isRead ? [index] : []);
    const attempts = await store.executions.steps(executionId, read);
    return await this.#carryOn(row, plan, steering, { attempts }, current.startedAtMs ?? at);
  }

  #carryOn(
    execution: ClaimableRow,
    plan: Plan,
    steering: Steering,
    from: Pick<Parameters<typeof enact>[0], "claim" | "attempts">,
    startedAtMs: number,
  ): Promise<Enacted> {
    const { store, publish, invoke, secrets = {} } = this.#options;
    const { executionId, workflowName, inputParams, createdAtMs } = execution;
    const { timeoutMs } = plan.workflow;
    return enact({
      ...from,
      execution,
      secrets,
      executionId,
      plan,
      scope: {
        inputs: JSON.parse(inputParams),
        execution: { id: executionId, workflow: workflowName },
        now: new Date(createdAtMs).toISOString(),
        secrets: secretsOf(plan.workflow, secrets),
      },
      deadlineAtMs: timeoutMs === undefined ? undefined : startedAtMs + timeoutMs,
      owner: this.#owner,
      commits: store.commits,
      invoke,
      publish,
      now: this.#now,
      steering,
    });
  }

  /** Ready as it was at the start; an execution whose text is no longer read fails. */
  async #planOf(row: ClaimableRow): Promise<Plan | undefined> {
    try {
      return await this.#options.definitions.of(row);
    } catch (thrown) {
      const { code, message } = toErrorData(thrown);
      if (code !== "invalid_workflow") throw thrown;
      await this.#finish(row, this.#owner, "failed", { code, message });
      return undefined;
    }
  }

  /** Looks at the table when an execution that waits there is to go on. */
  #lookAt(atMs: number): void {
    if (this.#closing) return;
    // What is further off than this, the regular look finds.
    const waitMs = Math.min(Math.max(0, atMs - this.#now()), 60_000);
    const timer = setTimeout(() => {
      this.#wakes.delete(timer);
      this.#look();
    }, waitMs);
    this.#wakes.add(timer);
  }

  /** Ends an execution that is not being enacted; false when `owner` may not. */
  async #finish(
    execution: EndedExecution,
    owner: string,
    status: "failed" | "cancelled",
    error: ErrorRow | null,
  ): Promise<boolean> {
    const { store, publish, secrets = {} } = this.#options;
    const { executionId } = execution;
    const [applied = false] = await store.commits.commit([
      finishWrite({ executionId, owner }, status, this.#now(), { error }),
    ]);
    if (applied) publish(endedEvent(execution, status, error, { secrets }));
    return applied;
  }

  /** Keeps the leases of what runs; one that another daemon has taken is stopped. */
  async #renew(): Promise<void> {
    if (this.#active.size === 0) return;
    const { store, log } = this.#options;
    const expires = this.#now() + this.#leaseMs;
    const ids = [...this.#active.keys()];
    try {
      const renewed = await store.commits.commit(
        ids.map((id) => write(renewLease, { execution_id: id, owner: this.#owner, expires })),
      );
      if (!renewed.includes(false)) return;
      for (const id of await store.executions.lostLeases(ids, this.#owner)) {
        this.#active.get(id)?.stop(leaseLost(id));
      }
    } catch (thrown) {
      log.error("cannot renew leases", { reason: messageOf(thrown) });
    }
  }

  #report(id: ExecutionId, thrown: unknown): void {
    const { log } = this.#options;
    // Told to stop and leave: nothing is wrong.
    if (this.#closing && !(thrown instanceof AppError)) return;
    const level = isLeaseLost(thrown) ? "info" : "error";
    log[level]("execution stopped", { execution: id, reason: messageOf(thrown) });
  }
}
