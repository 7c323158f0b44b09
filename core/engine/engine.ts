/**
 * Starts executions and brings them to their end, at most `concurrentMax` at once. The queue is
 * the table: what is pending there waits in order of creation, survives the daemon, and costs no
 * memory.
 *
 * An execution is advanced under a lease, renewed while it runs. At start the engine takes up what
 * an earlier daemon left running, from the first step that had not completed.
 */

import { AppError, messageOf, toErrorData } from "../errors.ts";
import { type ExecutionId, newExecutionId, newOpaqueId } from "../ids.ts";
import type { Log } from "../log.ts";
import { write } from "../store/commits.ts";
import {
  claimExecution,
  createExecution,
  type ExecutionRow,
  finishExecution,
  leaseMs,
  releaseAllLeases,
  renewLease,
  saveDefinition,
} from "../store/executions.ts";
import type { Store } from "../store/store.ts";
import type { ParsedWorkflow, Workflow } from "../workflow/definition.ts";
import type { Definitions } from "./definitions.ts";
import { enact, type EngineEvent, type Invoke } from "./enactment.ts";

export interface EngineOptions {
  readonly store: Store;
  readonly invoke: Invoke;
  readonly publish: (event: EngineEvent) => void;
  readonly definitions: Definitions;
  readonly concurrentMax: number;
  readonly log: Log;
  readonly now?: () => number;
}

/** How often a daemon that shares its store looks for executions that others left. */
const lookEveryMs = 5_000;

export class Engine {
  readonly #options: EngineOptions;
  readonly #now: () => number;
  readonly #owner = newOpaqueId();
  readonly #active = new Map<ExecutionId, AbortController>();
  readonly #ended = new Set<Promise<void>>();
  #claiming: Promise<void> | undefined;
  #claimAgain = false;
  #timers: ReturnType<typeof setInterval>[] = [];
  #closing = false;

  constructor(options: EngineOptions) {
    this.#options = options;
    this.#now = options.now ?? Date.now;
  }

  get runningCount(): number {
    return this.#active.size;
  }

  /** Takes up what is running or pending in the store. */
  async open(): Promise<void> {
    const { store } = this.#options;
    // The lock proves that whoever held these leases is dead.
    if (store.exclusive) await store.database.write([{ sql: releaseAllLeases, args: [] }]);
    this.#timers = [
      setInterval(() => this.#renew(), leaseMs / 3),
      setInterval(() => this.#wake(), lookEveryMs),
    ];
    this.#wake();
  }

  /**
   * Stores a new execution, which then starts as soon as there is room.
   * @throws {AppError} `store_unavailable`, `overloaded`; `conflict` while shutting down.
   */
  async start({ name, text }: ParsedWorkflow): Promise<ExecutionRow> {
    if (this.#closing) {
      throw new AppError("conflict", "Cannot start an execution: the daemon is shutting down");
    }
    const at = this.#now();
    const executionId = newExecutionId();
    const definitionId = await sha256(text);
    await this.#options.store.commits.commit(
      write(saveDefinition, { definition_id: definitionId, name, text, at }),
      write(createExecution, {
        execution_id: executionId,
        name,
        definition_id: definitionId,
        input: "{}",
        at,
      }),
    );
    this.#wake();
    return {
      executionId,
      definitionId,
      workflowName: name,
      status: "pending",
      inputParams: "{}",
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
    const { store } = this.#options;
    const execution = await store.executions.execution(id);
    if (!execution) {
      throw new AppError("unknown_execution", `Cannot cancel execution "${id}": there is none`);
    }
    if (execution.status === "pending" && await this.#cancelPending(execution)) return;
    const abort = this.#active.get(id);
    if (!abort) {
      throw new AppError(
        "conflict",
        `Cannot cancel execution "${id}": it is ${execution.status}`,
      );
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
    await this.#claiming;
    const all = Promise.all(this.#ended);
    let timer: ReturnType<typeof setTimeout> | undefined;
    const grace = new Promise<void>((resolve) => timer = setTimeout(resolve, graceMs));
    await Promise.race([all, grace]);
    clearTimeout(timer);
    for (const abort of this.#active.values()) abort.abort(new Error("the daemon is stopping"));
    await all;
  }

  /** Looks for executions to claim; calls that come while it looks make it look once more. */
  #wake(): void {
    this.#claimAgain = true;
    if (this.#claiming || this.#closing) return;
    this.#claiming = this.#claimAll()
      .catch((thrown) => this.#options.log.error("cannot claim", { reason: messageOf(thrown) }))
      .finally(() => {
        this.#claiming = undefined;
        if (this.#claimAgain && this.#active.size < this.#options.concurrentMax) this.#wake();
      });
  }

  async #claimAll(): Promise<void> {
    const { store, concurrentMax } = this.#options;
    while (this.#claimAgain && !this.#closing && this.#active.size < concurrentMax) {
      this.#claimAgain = false;
      const room = concurrentMax - this.#active.size;
      const found = await store.executions.claimable(this.#now(), room);
      // An own one whose lease ran out while this thread was held up is still being enacted.
      const ids = found.filter((id) => !this.#active.has(id));
      if (ids.length === 0) return;
      const at = this.#now();
      const claims = ids.map((id) =>
        write(claimExecution, { execution_id: id, owner: this.#owner, at, expires: at + leaseMs })
      );
      const applied = await store.commits.commit(...claims);
      ids.filter((_, index) => applied[index]).forEach((id) => this.#take(id));
      // There may be more than there was room for, or have come more since.
      this.#claimAgain = true;
    }
  }

  #take(id: ExecutionId): void {
    const abort = new AbortController();
    this.#active.set(id, abort);
    const ended = this.#enact(id, abort.signal)
      .catch((thrown) => this.#report(id, thrown))
      .finally(() => {
        this.#active.delete(id);
        this.#ended.delete(ended);
        this.#wake();
      });
    this.#ended.add(ended);
  }

  async #enact(executionId: ExecutionId, signal: AbortSignal): Promise<void> {
    const { store, publish, invoke } = this.#options;
    const execution = await store.executions.execution(executionId);
    if (!execution) throw new AppError("internal", `execution ${executionId} vanished`);
    const workflow = await this.#definitionOf(execution);
    if (!workflow) return;
    publish({
      topic: "execution.started",
      execution_id: executionId,
      workflow: workflow.name,
    });
    await enact({
      executionId,
      workflow,
      attempts: await store.executions.steps(executionId),
      owner: this.#owner,
      commits: store.commits,
      invoke,
      publish,
      now: this.#now,
      signal,
    });
  }

  /** The workflow as it was at the start; an execution whose text is no longer read fails. */
  async #definitionOf(execution: ExecutionRow): Promise<Workflow | undefined> {
    const { store, definitions, publish } = this.#options;
    const { executionId, workflowName } = execution;
    try {
      return await definitions.of(execution);
    } catch (thrown) {
      const { code, message } = toErrorData(thrown);
      const error = { code, message };
      await store.commits.commit(write(finishExecution, {
        execution_id: executionId,
        owner: this.#owner,
        status: "failed",
        at: this.#now(),
        result: null,
        error_code: error.code,
        error_message: error.message,
      }));
      publish({
        topic: "execution.failed",
        execution_id: executionId,
        workflow: workflowName,
        error,
      });
      return undefined;
    }
  }

  async #cancelPending({ executionId, workflowName }: ExecutionRow): Promise<boolean> {
    const { store, publish } = this.#options;
    const [applied] = await store.commits.commit(write(finishExecution, {
      execution_id: executionId,
      owner: "",
      status: "cancelled",
      at: this.#now(),
      result: null,
      error_code: null,
      error_message: null,
    }));
    if (!applied) return false;
    publish({
      topic: "execution.cancelled",
      execution_id: executionId,
      workflow: workflowName,
    });
    return true;
  }

  #renew(): void {
    if (this.#active.size === 0) return;
    const { store, log } = this.#options;
    const expires = this.#now() + leaseMs;
    const owner = this.#owner;
    const renewals = [...this.#active.keys()].map((execution_id) =>
      write(renewLease, { execution_id, owner, expires })
    );
    store.commits.commit(...renewals)
      .catch((thrown) => log.error("cannot renew leases", { reason: messageOf(thrown) }));
  }

  #report(id: ExecutionId, thrown: unknown): void {
    // Told to stop and leave: nothing is wrong.
    if (this.#closing && !(thrown instanceof AppError)) return;
    this.#options.log.error("execution stopped", { execution: id, reason: messageOf(thrown) });
  }
}

async function sha256(text: string): Promise<string> {
  const digest = await crypto.subtle.digest("SHA-256", new TextEncoder().encode(text));
  return new Uint8Array(digest).toHex();
}
