/**
 * What has come about in an execution since its last commit: rows to be written with the next one,
 * and the facts to be published after it.
 */

import type { CommitQueue, Write } from "../store/commits.ts";
import type { ErrorRow } from "../store/executions.ts";
import type { Begin, Finish, Settle } from "./decide/decision.ts";
import {
  endedEvent,
  type EndedExecution,
  type EngineEvent,
  pausedEvent,
  startedEvent,
  stepEvent,
  type StepTopic,
} from "./events.ts";
import { leaseLost } from "./lease.ts";
import type { StoredAttempt } from "./load.ts";
import type { Outcome } from "./outcome.ts";
import type { Ended } from "./requests.ts";
import {
  beginWrite,
  completeWrites,
  finishWrite,
  type Hold,
  parkWrite,
  settleWrite,
} from "./step_writes.ts";

export interface ChangesOptions {
  readonly execution: EndedExecution;
  readonly owner: string;
  readonly commits: CommitQueue;
  readonly publish: (event: EngineEvent) => void;
  /** All of the daemon's: inputs that hold one of them are not published. */
  readonly secrets: Readonly<Record<string, string>>;
}

export class Changes {
  readonly #options: ChangesOptions;
  readonly #hold: Hold;
  #writes: Write[] = [];
  #events: EngineEvent[] = [];

  constructor(options: ChangesOptions) {
    this.#options = options;
    this.#hold = { executionId: options.execution.executionId, owner: options.owner };
  }

  /** The execution is advanced; with the claim that is still to be committed. */
  started(claim: Write | undefined): void {
    const { executionId, workflowName } = this.#options.execution;
    if (claim) this.#writes.push(claim);
    this.#events.push(startedEvent(executionId, workflowName));
  }

  begun(begin: Begin, atMs: number): void {
    this.#writes.push(beginWrite(this.#hold, begin, atMs));
    this.#events.push(this.#stepEvent("step.started", begin));
  }

  settled(settle: Settle, atMs: number): void {
    this.#writes.push(settleWrite(this.#hold, settle, atMs));
    this.#events.push(this.#stepEvent(`step.${settle.status}`, settle, settle.error));
  }

  ended({ begun, outcome }: Ended): void {
    const { planned: { index }, item, attempt } = begun;
    this.#writes.push(...completeWrites(this.#hold, { index, item, attempt }, outcome));
    this.#events.push(this.#stepEvent(`step.${outcome.status}`, begun, outcome.error));
  }

  /** An attempt whose answer will never come: its row is closed, and nothing is published. */
  cutOff(attempt: StoredAttempt, outcome: Outcome): void {
    this.#writes.push(...completeWrites(this.#hold, attempt, outcome));
  }

  /** Lets go of the execution until `wakeAtMs`. */
  parked(wakeAtMs: number): void {
    this.#writes.push(parkWrite(this.#hold, wakeAtMs));
  }

  /** Lets go of the execution until it is resumed. */
  paused(): void {
    const { executionId, workflowName } = this.#options.execution;
    this.#writes.push(parkWrite(this.#hold, null));
    this.#events.push(pausedEvent(executionId, workflowName));
  }

  finished({ status, result, error, failedStep }: Finish, atMs: number): void {
    const { execution, secrets } = this.#options;
    this.#writes.push(finishWrite(this.#hold, status, atMs, { result, error }));
    this.#events.push(endedEvent(execution, status, error, { failedStep, secrets }));
  }

  /** @throws {AppError} `lease_lost` when it is another daemon's, or over; `store_unavailable`. */
  async commit(): Promise<void> {
    const { commits, publish } = this.#options;
    const writes = this.#writes;
    const events = this.#events;
    this.#writes = [];
    this.#events = [];
    if (writes.length > 0) {
      const applied = await commits.commit(writes);
      if (applied.includes(false)) throw leaseLost(this.#hold.executionId);
    }
    for (const event of events) publish(event);
  }

  #stepEvent(
    topic: StepTopic,
    { planned: { step, index }, item, attempt }: Begin | Settle,
    error: ErrorRow | null = null,
  ): EngineEvent {
    const { executionId, workflowName } = this.#options.execution;
    const subject = { step: step.name, index, item, attempt };
    return stepEvent(executionId, workflowName, topic, subject, error);
  }
}
