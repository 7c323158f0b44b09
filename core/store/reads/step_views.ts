/** Steps of an execution for display: items are summarised, however many there are. */

import type { ExecutionId } from "../../ids.ts";
import type { StoredError } from "../operations/executions.ts";
import type { StepRow } from "./executions.ts";

/** An attempt of a step or of one of its items; `result` is null if it is too large. */
export interface AttemptRow extends Omit<StepRow, "executionId" | "isSuperseded"> {
  /** The size of a result that is too large to show here; else null. */
  readonly resultBytes: number | null;
}

/** A summary of the items of a `for_each` step, each by its latest attempt. */
export interface ItemsRow {
  readonly name: string;
  readonly index: number;
  readonly begun: number;
  readonly completed: number;
  readonly failed: number;
  readonly cancelled: number;
  readonly running: number;
  readonly startedAtMs: number;
  readonly completedAtMs: number | null;
  /** The error of the first item that failed. */
  readonly error: StoredError | null;
}

export interface StepViews {
  readonly steps: readonly AttemptRow[];
  readonly items: readonly ItemsRow[];
}

export interface StepViewReads {
  /** The latest attempts of steps and the summaries of items, both in step order. */
  step_views(ask: { id: ExecutionId }): StepViews;
  /** The items of a step from `fromItem` on, each by its latest attempt. */
  item_views(
    ask: { id: ExecutionId; step: string; fromItem: number; limit: number },
  ): readonly AttemptRow[];
  /** The whole result of a step or of one of its items, as JSON. */
  step_result(ask: { id: ExecutionId; step: string; item: number }): string | undefined;
}
