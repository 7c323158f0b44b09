/**
 * How executions are paused, resumed, cancelled and retried. If an owner holds the execution, the
 * operation only stores the request, and the owner acts on it. So the request survives the daemon
 * that received it.
 */

import type { ExecutionId } from "../../ids.ts";

/** Pauses an execution at once if nobody holds it; otherwise its owner pauses it. */
export interface PauseExecution {
  readonly kind: "pause_execution";
  readonly executionId: ExecutionId;
}

/** Resumes a paused execution, or withdraws a request to pause. */
export interface ResumeExecution {
  readonly kind: "resume_execution";
  readonly executionId: ExecutionId;
}

/** Requests the end of an execution that has begun; a parked one is woken to end. */
export interface CancelExecution {
  readonly kind: "cancel_execution";
  readonly executionId: ExecutionId;
}

/** Reopens a failed or cancelled execution. */
export interface RetryExecution {
  readonly kind: "retry_execution";
  readonly executionId: ExecutionId;
}

/**
 * Together with {@link RetryExecution}: marks the failed and cancelled attempts of the steps as
 * superseded, and all attempts of steps from `finallyIndex` on. These steps run again.
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
