/**
 * What people do to an execution: cancel, pause, resume, retry, rerun. Each is committed before it
 * takes effect, so it survives a crash. Then the engine is woken, and the daemon that advances the
 * execution acts on it.
 */

import { AppError } from "../errors.ts";
import type { ExecutionId } from "../ids.ts";
import type { PauseExecution, ResumeExecution } from "../store/operations/steering.ts";
import type { ExecutionRow } from "../store/reads/executions.ts";
import type { Store } from "../store/store.ts";
import type { Definitions } from "./definitions.ts";
import type { Engine } from "./engine.ts";
import { asOf, endedEvent, type EngineEvent } from "./events.ts";
import { finishExecution } from "./advance/step_writes.ts";

/** The owner in the row of an execution without a lease. */
const nobody = "";

export interface SteererOptions {
  readonly store: Store;
  readonly definitions: Definitions;
  readonly engine: Pick<Engine, "start" | "wake">;
  readonly publish: (event: EngineEvent) => void;
  readonly now?: () => number;
}

export class Steerer {
  readonly #options: SteererOptions;

  constructor(options: SteererOptions) {
    this.#options = options;
  }

  /**
   * Cancels an execution. One that has not begun ends at once; otherwise its steps are stopped and
   * `finally` runs.
   * @throws {AppError} `unknown_execution`; `conflict` when it has ended.
   */
  async cancel(id: ExecutionId): Promise<void> {
    const { store, engine, publish, now = Date.now } = this.#options;
    const hold = { executionId: id, owner: nobody };
    const [isEnded, isAsked] = await store.commit([
      finishExecution(hold, "cancelled", now()),
      { kind: "cancel_execution", executionId: id },
    ]);
    if (!isEnded && !isAsked) throw await this.#refusal("cancel", id);
    // In the same turn as the commit, so that steps begun in that transaction send no request.
    engine.wake(id, "cancel");
    if (!isEnded) return;
    const execution = await this.#execution(id, "cancel");
    // The engine may have ended it in the same transaction; then it publishes the event.
    const { status, startedAtMs } = execution;
    if (status === "cancelled" && startedAtMs === null) {
      publish(asOf(execution, endedEvent(execution, "cancelled", null)));
    }
  }

  /**
   * Begins no further step until the execution is resumed; running steps finish.
   * @throws {AppError} `unknown_execution`; `conflict` when it has ended, is paused or cancelled.
   */
  async pause(id: ExecutionId): Promise<void> {
    if (!await this.#apply("pause_execution", id)) throw await this.#refusal("pause", id);
    this.#options.engine.wake(id, "pause");
  }

  /** @throws {AppError} `unknown_execution`; `conflict` when it is not paused. */
  async resume(id: ExecutionId): Promise<void> {
    if (!await this.#apply("resume_execution", id)) throw await this.#refusal("resume", id);
    this.#options.engine.wake(id, null);
  }

  /**
   * Resumes a failed or cancelled execution where it failed; completed steps are kept.
   * @throws {AppError} `unknown_execution`; `conflict` when it has neither failed nor been
   * cancelled; `invalid_workflow` when its text can no longer be used.
   */
  async retry(id: ExecutionId): Promise<void> {
    const { store, definitions, engine } = this.#options;
    const { workflow, steps, finallyIndex } = await definitions.of(
      await this.#execution(id, "retry"),
    );
    // A step with `on_error: continue` keeps its failure, because other steps have used it.
    const again = workflow.steps.flatMap(({ onError }, index) => onError === "fail" ? [index] : []);
    const [isRetried] = await store.commit([
      { kind: "retry_execution", executionId: id },
      {
        kind: "supersede_steps",
        executionId: id,
        steps: again,
        finallyIndex: Math.min(finallyIndex, steps.length),
      },
    ]);
    if (!isRetried) throw await this.#refusal("retry", id);
    engine.wake(id, null);
  }

  /**
   * Starts a new execution of the same text with the same inputs, as of the same instant.
   * @throws {AppError} `unknown_execution`; `invalid_workflow` when its text can no longer be used;
   * any error of a start.
   */
  async rerun(id: ExecutionId): Promise<ExecutionRow> {
    const { store, definitions, engine } = this.#options;
    const row = await this.#execution(id, "rerun");
    const { definitionId, inputParams, workflowName, asOfMs } = row;
    const { workflow } = await definitions.of({ definitionId, workflowName });
    const text = await store.read({ read: "definition_text", definitionId }) ?? "";
    const inputs = JSON.parse(inputParams) as Record<string, unknown>;
    const stored = { ...workflow, text, file: "kept text", line: 1 };
    const options = { inputs, rerunOf: id, ...(asOfMs !== null && { asOfMs }) };
    return await engine.start(stored, options);
  }

  async #execution(id: ExecutionId, verb: string): Promise<ExecutionRow> {
    const found = await this.#options.store.read({ read: "execution", id });
    if (found) return found;
    throw new AppError("unknown_execution", `Cannot ${verb} execution "${id}": it does not exist`);
  }

  async #apply(
    kind: (PauseExecution | ResumeExecution)["kind"],
    executionId: ExecutionId,
  ): Promise<boolean> {
    const [isApplied = false] = await this.#options.store.commit([{ kind, executionId }]);
    return isApplied;
  }

  async #refusal(verb: keyof typeof needed, id: ExecutionId): Promise<AppError> {
    const { status, wanted } = await this.#execution(id, verb);
    const found = wanted === "cancel" ? "is being cancelled" : `is ${status}`;
    return new AppError(
      "conflict",
      `Cannot ${verb} execution "${id}": it ${found}; choose one that ${needed[verb]}`,
    );
  }
}

/** The state that each verb requires. */
const needed = {
  cancel: "has not ended",
  pause: "has not ended and is not paused",
  resume: "is paused",
  retry: "has failed or was cancelled",
} as const;
