/** Steps of an execution as people look at them: summed up, however many items they have. */

import type { ExecutionId } from "../../ids.ts";
import type { StoredError } from "../operations/executions.ts";
import type { StepRow } from "./executions.ts";

/** An attempt of a step, or of one of its items; its result is null where it is too large. */
export interface AttemptRow extends Omit<StepRow, "executionId" | "isSuperseded"> {
  /** Of a result that is too large to be shown beside others, else null. */
  readonly resultBytes: number | null;
}

/** The items of a step with `for_each`, each at its latest attempt. */
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
  /** Of the first item that failed. */
  readonly error: StoredError | null;
}

export interface StepViews {
  readonly steps: readonly AttemptRow[];
  readonly items: readonly ItemsRow[];
}

export interface StepViewReads {
  /** The latest attempts of the steps, those of items apart, each in the order of steps. */
  step_views(ask: { id: ExecutionId }): StepViews;
  /** The items of a step from `fromItem` on, each at its latest attempt. */
  item_views(
    ask: { id: ExecutionId; step: string; fromItem: number; limit: number },
  ): readonly AttemptRow[];
  /** The result of a step, or of one of its items, whole: JSON. */
  step_result(ask: { id: ExecutionId; step: string; item: number }): string | undefined;
}
