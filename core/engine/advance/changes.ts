/**
 * The changes of an execution since its last commit: operations for the next commit, and events to
 * publish after it.
 */

import type { Operation } from "../../store/operation.ts";
import type { ClaimExecution, StoredError } from "../../store/operations/executions.ts";
import type { Store } from "../../store/store.ts";
import type { Begin, Finish, Settle } from "../decide/decision.ts";
import {
  endedEvent,
  type EndedExecution,
  type EngineEvent,
  pausedEvent,
  startedEvent,
  stepEvent,
  type StepTopic,
} from "../events.ts";
import { leaseLost } from "../claim/lease.ts";
import type { StoredAttempt } from "../load.ts";
import type { Outcome } from "./outcome.ts";
import type { Ended } from "./requests.ts";
import {
  beginStep,
  completeStep,
  finishExecution,
  type Hold,
  parkExecution,
  settleStep,
} from "./step_writes.ts";

export interface ChangesOptions {
  readonly execution: EndedExecution;
  readonly owner: string;
  readonly store: Store;
  readonly publish: (event: EngineEvent) => void;
  /** All of the daemon's secrets; inputs that contain one are not published. */
  readonly secrets: Readonly<Record<string, string>>;
}

export class Changes {
  readonly #options: ChangesOptions;
  readonly #hold: Hold;
  #operations: Operation[] = [];
  #events: EngineEvent[] = [];

  constructor(options: ChangesOptions) {
    this.#options = options;
    this.#hold = { executionId: options.execution.executionId, owner: options.owner };
  }

  /** Records that advancing starts, with the claim if that is still to be committed. */
  started(claim: ClaimExecution | undefined): void {
    const { executionId, workflowName } = this.#options.execution;
    if (claim) this.#operations.push(claim);
    this.#events.push(startedEvent(executionId, workflowName));
  }

  begun(begin: Begin, atMs: number): void {
    this.#operations.push(beginStep(this.#hold, begin, atMs));
    this.#events.push(this.#stepEvent("step.started", begin));
  }

  settled(settle: Settle, atMs: number): void {
    this.#operations.push(settleStep(this.#hold, settle, atMs));
    this.#events.push(this.#stepEvent(`step.${settle.status}`, settle, settle.error));
  }

  ended({ begun, outcome }: Ended): void {
    const { planned: { index }, item, attempt } = begun;
    this.#operations.push(completeStep(this.#hold, { index, item, attempt }, outcome));
    this.#events.push(this.#stepEvent(`step.${outcome.status}`, begun, outcome.error));
  }

  /** Closes the row of an attempt whose answer will never come. Publishes nothing. */
  cutOff(attempt: StoredAttempt, outcome: Outcome): void {
    this.#operations.push(completeStep(this.#hold, attempt, outcome));
  }

  /** Parks the execution until `wakeAtMs`. */
  parked(wakeAtMs: number): void {
    this.#operations.push(parkExecution(this.#hold, wakeAtMs));
  }

  /** Parks the execution until it is resumed. */
  paused(): void {
    const { executionId, workflowName } = this.#options.execution;
    this.#operations.push(parkExecution(this.#hold, null));
    this.#events.push(pausedEvent(executionId, workflowName));
  }

  finished({ status, result, error, failedStep }: Finish, atMs: number): void {
    const { execution, secrets } = this.#options;
    this.#operations.push(finishExecution(this.#hold, status, atMs, { result, error }));
    this.#events.push(endedEvent(execution, status, error, { failedStep, secrets }));
  }

  /**
   * @throws {AppError} `lease_lost` when another daemon owns it or it has ended;
   * `store_unavailable`.
   */
  async commit(): Promise<void> {
    const { store, publish } = this.#options;
    const operations = this.#operations;
    const events = this.#events;
    this.#operations = [];
    this.#events = [];
    if (operations.length > 0) {
      const applied = await store.commit(operations);
      if (applied.includes(false)) throw leaseLost(this.#hold.executionId);
    }
    for (const event of events) publish(event);
  }

  #stepEvent(
    topic: StepTopic,
    { planned: { step, index }, item, attempt }: Begin | Settle,
    error: StoredError | null = null,
  ): EngineEvent {
    const { executionId, workflowName } = this.#options.execution;
    const subject = { step: step.name, index, item, attempt };
    return stepEvent(executionId, workflowName, topic, subject, error);
  }
}
