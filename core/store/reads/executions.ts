/** Reads of executions and their attempts. JSON stays text. */

import type { ExecutionId } from "../../ids.ts";
import type { ExecutionStatus, StepStatus } from "../../statuses.ts";
import type { StoredError } from "../operations/executions.ts";

export interface ExecutionRow {
  readonly executionId: ExecutionId;
  readonly workflowName: string;
  readonly definitionId: string;
  readonly status: ExecutionStatus;
  /** A request that the owner has not acted on yet. */
  readonly wanted: "pause" | "cancel" | null;
  readonly inputParams: string;
  readonly result: string | null;
  readonly error: StoredError | null;
  readonly createdAtMs: number;
  readonly startedAtMs: number | null;
  readonly completedAtMs: number | null;
  /** The execution that this one repeats. */
  readonly rerunOf: ExecutionId | null;
  /** The execution sees data up to this instant; null means now. */
  readonly asOfMs: number | null;
}

/** An execution that nobody holds. */
export interface ClaimableRow {
  readonly executionId: ExecutionId;
  readonly workflowName: string;
  readonly definitionId: string;
  readonly status: "pending" | "running" | "waiting";
  readonly inputParams: string;
  readonly createdAtMs: number;
  /** The execution sees data up to this instant; null means now. */
  readonly asOfMs: number | null;
  /** Executions with the same key share a concurrency limit; null means no limit. */
  readonly concurrencyKey: string | null;
  /** The schedule whose firing started it; null if a person or program did. */
  readonly scheduleId: string | null;
  readonly dueAtMs: number | null;
}

/** One attempt of one step, or of one of its items. */
export interface StepRow {
  readonly executionId: ExecutionId;
  readonly name: string;
  readonly index: number;
  /** The item's position in the list; -1 for a step without items. */
  readonly item: number;
  readonly attempt: number;
  readonly status: StepStatus;
  readonly startedAtMs: number;
  readonly completedAtMs: number | null;
  readonly result: string | null;
  readonly error: StoredError | null;
  /** Whether it belongs to an earlier try of the execution. */
  readonly isSuperseded: boolean;
}

export interface ExecutionReads {
  execution(ask: { id: ExecutionId }): ExecutionRow | undefined;
  /** The execution that was started with an idempotency key. */
  execution_by_key(ask: { workflowName: string; key: string }): ExecutionRow | undefined;
  /**
   * Newest first, only those older than `before`. Ids sort by creation, so new executions do not
   * shift the pages.
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
   * All attempts, ordered by step, item and attempt. Results are included for the steps in
   * `resultsOf`, or for all steps without it. Superseded attempts have no result.
   */
  steps(
    ask: { id: ExecutionId; resultsOf?: readonly number[] | undefined },
  ): readonly StepRow[];
  definition_text(ask: { definitionId: string }): string | undefined;
  /** The executions whose lease `owner` no longer holds. */
  lost_leases(ask: { ids: readonly ExecutionId[]; owner: string }): readonly ExecutionId[];
  /**
   * The oldest executions that ended before an instant, at most `limit`, until their rows reach
   * `rowsMax`. The execution that reaches it is included.
   */
  forgettable_executions(
    ask: { beforeMs: number; limit: number; rowsMax: number },
  ): readonly ExecutionId[];
}
