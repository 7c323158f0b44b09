/**
 * Starts executions and brings them to their end, at most `concurrentMax` at once. The queue is
 * the table: what is pending there waits its turn, survives the daemon, and costs no memory. While
 * nothing waits, a new execution is taken as it is stored, without a look.
 *
 * An execution is advanced under a lease, renewed while it runs. At start the engine takes up what
 * an earlier daemon left running, from the first step that had not completed.
 */

import { createHash } from "node:crypto";
import { setImmediate as endOfTurn } from "node:timers/promises";
import { AppError, messageOf, toErrorData } from "../errors.ts";
import { type ExecutionId, newExecutionId, newOpaqueId } from "../ids.ts";
import type { Log } from "../log.ts";
import { write } from "../store/commits.ts";
import {
  type ClaimableRow,
  claimExecution,
  createExecution,
  type ErrorRow,
  type ExecutionRow,
  leaseMs,
  releaseAllLeases,
  renewLease,
  saveDefinition,
} from "../store/executions.ts";
import type { Store } from "../store/store.ts";
import type { ParsedWorkflow, Workflow } from "../workflow/definition.ts";
import type { Definitions } from "./definitions.ts";
import { enact, finishWrite, type Invoke, leaseLost } from "./enactment.ts";
import { endedEvent, type EngineEvent } from "./events.ts";

export interface EngineOptions {
  readonly store: Store;
  readonly invoke: Invoke;
  readonly publish: (event: EngineEvent) => void;
  readonly definitions: Definitions;
  readonly concurrentMax: number;
  readonly log: Log;
  readonly now?: () => number;
  /** How long a lease holds; it is renewed three times as often. */
  readonly leaseMs?: number;
  /** How often the table is looked at for executions that nobody advances any more. */
  readonly lookEveryMs?: number;
}

export interface StartOptions {
  readonly id?: ExecutionId;
  readonly inputs?: Readonly<Record<string, unknown>>;
  /** Higher ones are taken from the queue first. */
  readonly priority?: number;
}

const lookEveryMsDefault = 5_000;

export class Engine {
  readonly #options: EngineOptions;
  readonly #now: () => number;
  readonly #leaseMs: number;
  readonly #owner = newOpaqueId();
  readonly #active = new Map<ExecutionId, AbortController>();
  readonly #ended = new Set<Promise<void>>();
  /** Whether executions may wait in the table that have not been taken. */
  #waiting = true;
  #taking: Promise<void> | undefined;
  #renewing: Promise<void> | undefined;
  #timers: ReturnType<typeof setInterval>[] = [];
  #closing = false;

  constructor(options: EngineOptions) {
    this.#options = options;
    this.#now = options.now ?? Date.now;
    this.#leaseMs = options.leaseMs ?? leaseMs;
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
   * Stores a new execution, which then starts as soon as there is room. With an `id` that there is
   * already, nothing happens: however often it is asked for, it is started once.
   * @throws {AppError} `store_unavailable`, `overloaded`; `conflict` while shutting down.
   */
  async start(workflow: ParsedWorkflow, options: StartOptions = {}): Promise<ExecutionRow> {
    if (this.#closing) {
      throw new AppError("conflict", "Cannot start an execution: the daemon is shutting down");
    }
    const { store, definitions } = this.#options;
    const { name, text } = workflow;
    const at = this.#now();
    const { id: executionId = newExecutionId(), inputs = {}, priority = 0 } = options;
    const inputParams = JSON.stringify(inputs);
    const definitionId = createHash("sha256").update(text).digest("hex");
    const [, isNew] = await store.commits.commit([
      write(saveDefinition, { definition_id: definitionId, name, text, at }),
      write(createExecution, {
        execution_id: executionId,
        name,
        definition_id: definitionId,
        input: inputParams,
        priority,
        at,
      }),
    ]);
    definitions.keep(definitionId, workflow);
    const row = { executionId, definitionId, workflowName: name, status: "pending" as const };
    // Whatever waits in the table was created before it.
    if (this.#waiting || !isNew || !this.#take(row)) this.#look();
    return {
      ...row,
      inputParams,
      result: null,
      error: null,
      createdAtMs: at,
      startedAtMs: null,
      completedAtMs: null,
    };
  }

  /**
   * Cancels an execution: a pending one at once, a running one as soon as its step gives way.
   * @throws {AppError} `unknown_execution`, or `conflict` when it has ended.
   */
  async cancel(id: ExecutionId): Promise<void> {
    const execution = await this.#options.store.executions.execution(id);
    if (!execution) {
      throw new AppError("unknown_execution", `Cannot cancel execution "${id}": there is none`);
    }
    // Without a lease only a pending one ends; taken meanwhile, it is cancelled as a running one.
    if (!this.#active.has(id) && await this.#finish(execution, "", "cancelled", null)) return;
    const abort = this.#active.get(id);
    if (!abort) {
      throw new AppError("conflict", `Cannot cancel execution "${id}": it is ${execution.status}`);
    }
    abort.abort(new AppError("cancelled", `Cannot go on with execution "${id}": it was cancelled`));
  }

  /**
   * Starts nothing more, waits up to `graceMs` for what runs, then leaves the rest as it is in
   * the store: the next daemon goes on with it.
   */
  async close(graceMs: number): Promise<void> {
    this.#closing = true;
    this.#timers.forEach((timer) => clearInterval(timer));
    await Promise.all([this.#taking, this.#renewing]);
    const all = Promise.all(this.#ended);
    let timer: ReturnType<typeof setTimeout> | undefined;
    const grace = new Promise<void>((resolve) => timer = setTimeout(resolve, graceMs));
    await Promise.race([all, grace]);
    clearTimeout(timer);
    for (const abort of this.#active.values()) abort.abort(new Error("the daemon is stopping"));
    await all;
  }

  /** Takes what waits in the table, as far as there is room. */
  #look(): void {
    this.#waiting = true;
    this.#goOn();
  }

  #goOn(): void {
    if (!this.#taking && this.#mayTake()) this.#taking = this.#takeWaiting();
  }

  #mayTake(): boolean {
    return this.#waiting && !this.#closing && this.#active.size < this.#options.concurrentMax;
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
        const found = await store.executions.claimable(this.#now(), room);
        const taken = found.filter((row) => this.#take(row));
        if (found.length === room || taken.length < found.length) this.#waiting = true;
        // Own ones alone, whose leases ran out while this thread was held up: they are enacted.
        if (taken.length === 0) break;
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
    const hasRoom = this.#active.size < this.#options.concurrentMax;
    if (!hasRoom || this.#closing || this.#active.has(executionId)) return false;
    const abort = new AbortController();
    this.#active.set(executionId, abort);
    const ended = this.#enactToEnd(row, abort.signal).finally(() => this.#ended.delete(ended));
    this.#ended.add(ended);
    return true;
  }

  async #enactToEnd(row: ClaimableRow, signal: AbortSignal): Promise<void> {
    const { executionId } = row;
    try {
      await this.#enact(row, signal);
    } catch (thrown) {
      this.#report(executionId, thrown);
      // The store fails: the next look is a timer's, not one after another without a pause.
      if (!isLeaseLost(thrown)) return;
    } finally {
      this.#active.delete(executionId);
    }
    this.#goOn();
  }

  async #enact(row: ClaimableRow, signal: AbortSignal): Promise<void> {
    const { store, publish, invoke } = this.#options;
    const { executionId, status } = row;
    const at = this.#now();
    const claim = write(claimExecution, {
      execution_id: executionId,
      owner: this.#owner,
      at,
      expires: at + this.#leaseMs,
    });
    const common = {
      executionId,
      owner: this.#owner,
      commits: store.commits,
      invoke,
      publish,
      now: this.#now,
      signal,
    };
    if (status === "pending") {
      const workflow = await this.#definitionOf(row);
      if (workflow) await enact({ ...common, workflow, claim, attempts: [] });
      return;
    }
    // Until it is claimed another daemon may still add to its attempts.
    const [claimed] = await store.commits.commit([claim]);
    if (!claimed) return;
    const workflow = await this.#definitionOf(row);
    if (!workflow) return;
    await enact({ ...common, workflow, attempts: await store.executions.steps(executionId) });
  }

  /** The workflow as it was at the start; an execution whose text is no longer read fails. */
  async #definitionOf(row: ClaimableRow): Promise<Workflow | undefined> {
    try {
      return await this.#options.definitions.of(row);
    } catch (thrown) {
      const { code, message } = toErrorData(thrown);
      if (code !== "invalid_workflow") throw thrown;
      await this.#finish(row, this.#owner, "failed", { code, message });
      return undefined;
    }
  }

  /** Ends an execution that is not being enacted; false when `owner` may not. */
  async #finish(
    { executionId, workflowName }: Pick<ClaimableRow, "executionId" | "workflowName">,
    owner: string,
    status: "failed" | "cancelled",
    error: ErrorRow | null,
  ): Promise<boolean> {
    const { store, publish } = this.#options;
    const at = this.#now();
    const [applied = false] = await store.commits.commit([
      finishWrite(executionId, owner, status, at, error),
    ]);
    if (applied) publish(endedEvent(executionId, workflowName, status, error));
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
        this.#active.get(id)?.abort(leaseLost(id));
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

function isLeaseLost(thrown: unknown): boolean {
  return thrown instanceof AppError && thrown.code === "lease_lost";
}
