/** How attempts of steps begin and end, under the lease of their execution. */

import type { ExecutionId } from "../../ids.ts";
import type { FinalStatus } from "../../statuses.ts";
import type { StoredError } from "./executions.ts";

/** Identifies an attempt. */
export interface AttemptKey {
  readonly executionId: ExecutionId;
  /** The step's position in its workflow. */
  readonly index: number;
  /** The item's position in the list; -1 for a step without items. */
  readonly item: number;
  readonly attempt: number;
}

export interface BeginStep extends AttemptKey {
  readonly kind: "begin_step";
  readonly name: string;
  readonly owner: string;
  readonly atMs: number;
}

export interface CompleteStep extends AttemptKey {
  readonly kind: "complete_step";
  readonly owner: string;
  readonly status: FinalStatus;
  readonly atMs: number;
  /** JSON of any length. */
  readonly result: string | null;
  readonly error: StoredError | null;
}

/** Records the outcome of a step that sent no request: skipped, or its params failed. */
export interface SettleStep extends AttemptKey {
  readonly kind: "settle_step";
  readonly name: string;
  readonly owner: string;
  readonly status: "completed" | "failed" | "skipped";
  readonly atMs: number;
  /** JSON. */
  readonly result: string | null;
  readonly error: StoredError | null;
}

export type StepOperation = BeginStep | CompleteStep | SettleStep;
