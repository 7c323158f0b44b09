/** What is read of executions and their attempts. JSON stays text. */

import type { ExecutionId } from "../../ids.ts";
import type { ExecutionStatus, StepStatus } from "../../statuses.ts";
import type { StoredError } from "../operations/executions.ts";

export interface ExecutionRow {
  readonly executionId: ExecutionId;
  readonly workflowName: string;
  readonly definitionId: string;
  readonly status: ExecutionStatus;
  /** What someone has asked for that its owner has not yet done. */
  readonly wanted: "pause" | "cancel" | null;
  readonly inputParams: string;
  readonly result: string | null;
  readonly error: StoredError | null;
  readonly createdAtMs: number;
  readonly startedAtMs: number | null;
  readonly completedAtMs: number | null;
  /** The execution that this one repeats. */
  readonly rerunOf: ExecutionId | null;
  /** The instant that it sees up to; null: now. */
  readonly asOfMs: number | null;
}

/** An execution that nobody advances. */
export interface ClaimableRow {
  readonly executionId: ExecutionId;
  readonly workflowName: string;
  readonly definitionId: string;
  readonly status: "pending" | "running" | "waiting";
  readonly inputParams: string;
  readonly createdAtMs: number;
  /** The instant that it sees up to; null: now. */
  readonly asOfMs: number | null;
  /** What at most so many executions at once share; null where there is no limit. */
  readonly concurrencyKey: string | null;
  /** The firing that started it; null when someone did. */
  readonly scheduleId: string | null;
  readonly dueAtMs: number | null;
}

/** One attempt of one step, or of one of its items. */
export interface StepRow {
  readonly executionId: ExecutionId;
  readonly name: string;
  readonly index: number;
  /** The item's place in the list; -1 for a step that runs once. */
  readonly item: number;
  readonly attempt: number;
  readonly status: StepStatus;
  readonly startedAtMs: number;
  readonly completedAtMs: number | null;
  readonly result: string | null;
  readonly error: StoredError | null;
  /** Belongs to an earlier try of the execution. */
  readonly isSuperseded: boolean;
}

export interface ExecutionReads {
  execution(ask: { id: ExecutionId }): ExecutionRow | undefined;
  /** The one that was started with an idempotency key. */
  execution_by_key(ask: { workflowName: string; key: string }): ExecutionRow | undefined;
  /**
   * Newest first, those that are older than `before` alone. Ids sort by creation, so what is
   * started meanwhile moves no page.
   */
  executions(
    ask: {
      workflowName?: string | undefined;
      status?: ExecutionStatus | undefined;
      before?: ExecutionId | undefined;
      limit: number;
    },
  ): readonly ExecutionRow[];
  /**
   * All attempts of all steps, in the order of steps, items and attempts; with the results of the
   * steps in `resultsOf`, or of all. What a retry has taken out of the count has none.
   */
  steps(
    ask: { id: ExecutionId; resultsOf?: readonly number[] | undefined },
  ): readonly StepRow[];
  definition_text(ask: { definitionId: string }): string | undefined;
  /** Those of the executions that are no longer `owner`'s to advance. */
  lost_leases(ask: { ids: readonly ExecutionId[]; owner: string }): readonly ExecutionId[];
  /**
   * The oldest of those that ended before an instant, at most `limit`: as many as have fewer rows
   * than `rowsMax`, and one more.
   */
  forgettable_executions(
    ask: { beforeMs: number; limit: number; rowsMax: number },
  ): readonly ExecutionId[];
}
