/**
 * How executions are steered: paused, resumed, cancelled, retried. Of an execution that somebody
 * advances it is only noted what is wanted, for its owner to act on; so it outlives the daemon that
 * was asked.
 */

import type { ExecutionId } from "../../ids.ts";

/** Pauses: at once what nobody advances, else by its owner's hand. */
export interface PauseExecution {
  readonly kind: "pause_execution";
  readonly executionId: ExecutionId;
}

/** Takes a pause back. */
export interface ResumeExecution {
  readonly kind: "resume_execution";
  readonly executionId: ExecutionId;
}

/** Asks for the end of an execution that has begun; a parked one is woken to be ended. */
export interface CancelExecution {
  readonly kind: "cancel_execution";
  readonly executionId: ExecutionId;
}

/** Opens a failed or cancelled execution again. */
export interface RetryExecution {
  readonly kind: "retry_execution";
  readonly executionId: ExecutionId;
}

/**
 * With {@link RetryExecution}: takes the failed and cancelled attempts of the steps out of the
 * count, and whatever came of those from `finallyIndex` on. They run again.
 */
export interface SupersedeSteps {
  readonly kind: "supersede_steps";
  readonly executionId: ExecutionId;
  readonly steps: readonly number[];
  readonly finallyIndex: number;
}

export type SteeringOperation =
  | PauseExecution
  | ResumeExecution
  | CancelExecution
  | RetryExecution
  | SupersedeSteps;
