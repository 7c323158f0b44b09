/**
 * What can be asked of an execution: cancel, pause, resume, retry, rerun. Each is written down
 * before it is answered, so that it outlives the daemon; then whoever advances it is told.
 */

import { AppError } from "../errors.ts";
import type { ExecutionId } from "../ids.ts";
import { type Verb, write } from "../store/commits.ts";
import type { ExecutionRow } from "../store/executions.ts";
import {
  cancelExecution,
  pauseExecution,
  resumeExecution,
  retryExecution,
  supersedeSteps,
} from "../store/steering_verbs.ts";
import type { Store } from "../store/store.ts";
import type { Definitions } from "./definitions.ts";
import type { Engine } from "./engine.ts";

export class Steerer {
  readonly #store: Store;
  readonly #engine: Engine;
  readonly #definitions: Definitions;

  constructor(store: Store, engine: Engine, definitions: Definitions) {
    this.#store = store;
    this.#engine = engine;
    this.#definitions = definitions;
  }

  /**
   * Cancels: at once what has not begun; else its steps give way, then `finally` is carried out.
   * @throws {AppError} `unknown_execution`; `conflict` when it has ended.
   */
  async cancel(id: ExecutionId): Promise<void> {
    const execution = await this.#execution(id, "cancel");
    if (await this.#engine.endUnbegun(execution, "cancelled")) return;
    // Told first, that nothing more begins; written down for the case that the daemon dies now.
    const steering = this.#engine.steeringOf(id);
    steering?.cancel();
    const isWanted = await this.#apply(cancelExecution, id);
    if (!isWanted && !steering) throw await this.#refusal("cancel", id);
    this.#engine.wake();
  }

  /**
   * Begins no further step until it is resumed; what runs is let come to its end.
   * @throws {AppError} `unknown_execution`; `conflict` when it has ended, is paused or cancelled.
   */
  async pause(id: ExecutionId): Promise<void> {
    await this.#execution(id, "pause");
    if (!await this.#apply(pauseExecution, id)) throw await this.#refusal("pause", id);
    this.#engine.steeringOf(id)?.pause();
  }

  /** @throws {AppError} `unknown_execution`; `conflict` when it is not paused. */
  async resume(id: ExecutionId): Promise<void> {
    await this.#execution(id, "resume");
    if (!await this.#apply(resumeExecution, id)) throw await this.#refusal("resume", id);
    this.#engine.steeringOf(id)?.resume();
    this.#engine.wake();
  }

  /**
   * Carries a failed or cancelled execution on from where it failed; what completed is kept.
   * @throws {AppError} `unknown_execution`; `conflict` when it has neither failed nor been
   * cancelled; `invalid_workflow` when its text can't be used any more.
   */
  async retry(id: ExecutionId): Promise<void> {
    const execution = await this.#execution(id, "retry");
    const { workflow, steps, finallyIndex } = await this.#definitions.of(execution);
    // What a step that is allowed to fail came to has been gone on from.
    const again = workflow.steps.flatMap(({ onError }, index) => onError === "fail" ? [index] : []);
    const [applied] = await this.#store.commits.commit([
      write(retryExecution, { execution_id: id }),
      write(supersedeSteps, {
        execution_id: id,
        steps: again,
        finally_index: Math.min(finallyIndex, steps.length),
      }),
    ]);
    if (!applied) throw await this.#refusal("retry", id);
    this.#engine.wake();
  }

  /**
   * Starts a new execution of the same text with the same inputs.
   * @throws {AppError} `unknown_execution`; `invalid_workflow` when its text can't be used any
   * more; whatever a start throws.
   */
  async rerun(id: ExecutionId): Promise<ExecutionRow> {
    const { definitionId, inputParams, workflowName } = await this.#execution(id, "rerun");
    const { workflow } = await this.#definitions.of({ definitionId, workflowName });
    const text = await this.#store.executions.definitionText(definitionId) ?? "";
    const inputs = JSON.parse(inputParams) as Record<string, unknown>;
    const stored = { ...workflow, text, file: "kept text", line: 1 };
    return await this.#engine.start(stored, { inputs, rerunOf: id });
  }

  async #execution(id: ExecutionId, verb: string): Promise<ExecutionRow> {
    const found = await this.#store.executions.execution(id);
    if (found) return found;
    throw new AppError("unknown_execution", `Cannot ${verb} execution "${id}": there is none`);
  }

  async #apply(
    verb: Verb<{ execution_id: string }>,
    id: ExecutionId,
  ): Promise<boolean> {
    const [applied = false] = await this.#store.commits.commit([write(verb, { execution_id: id })]);
    return applied;
  }

  async #refusal(verb: keyof typeof needed, id: ExecutionId): Promise<AppError> {
    const { status, wanted } = await this.#execution(id, verb);
    const found = wanted === "cancel" ? "is being cancelled" : `is ${status}`;
    return new AppError(
      "conflict",
      `Cannot ${verb} execution "${id}": it ${found}; it takes one that ${needed[verb]}`,
    );
  }
}

/** What an execution has to be like. */
const needed = {
  cancel: "has not ended",
  pause: "has not ended and is not paused",
  resume: "is paused",
  retry: "has failed or was cancelled",
} as const;
