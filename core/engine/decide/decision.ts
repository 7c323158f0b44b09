/** What an execution does next: the plain data that {@link Progress} returns. */

import type { StoredError } from "../../store/operations/executions.ts";
import type { PlannedStep } from "./plan.ts";
import type { StepFailure } from "./step_progress.ts";
import type { FinalStatus } from "../../statuses.ts";

export type Decision = Begin | Settle | More | Wait | Finish;

/** An attempt begins: its agent is invoked. */
export interface Begin {
  readonly kind: "begin";
  readonly planned: PlannedStep;
  /** The item's index in the list; -1 for a step that runs once. */
  readonly item: number;
  readonly attempt: number;
  /** JSON text. */
  readonly input: string;
}

/** A step, or an item of it, ends without a request. */
export interface Settle {
  readonly kind: "settle";
  readonly planned: PlannedStep;
  readonly item: number;
  readonly attempt: number;
  readonly status: "completed" | "failed" | "skipped";
  readonly result: string | null;
  readonly error: StoredError | null;
}

/** Evaluating the next expressions must wait until others have had the thread. Always the last. */
export interface More {
  readonly kind: "more";
}

/** Nothing is running, and the next attempt is not due before this instant. */
export interface Wait {
  readonly kind: "wait";
  readonly untilMs: number;
}

export interface Finish {
  readonly kind: "finish";
  readonly status: FinalStatus;
  readonly result: string | null;
  readonly error: StoredError | null;
  readonly failedStep?: FailedStep;
}

/** Why no further step begins. */
export interface Ending {
  readonly status: "failed" | "cancelled";
  readonly error: StoredError | null;
  readonly failedStep?: FailedStep;
}

/** The step that made an execution fail. */
export interface FailedStep {
  readonly planned: PlannedStep;
  readonly failure: StepFailure;
}
