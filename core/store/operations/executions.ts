/**
 * How executions are stored, advanced and ended. The caller names the lease that it holds
 * (`owner`); after the lease is lost, an operation takes no effect.
 */

import type { ErrorData } from "../../errors.ts";
import type { ExecutionId } from "../../ids.ts";
import type { FinalStatus } from "../../statuses.ts";

/** The stored part of an error. */
export type StoredError = Pick<ErrorData, "code" | "message">;

/** The text of a workflow; the id is derived from the text. */
export interface SaveDefinition {
  readonly kind: "save_definition";
  readonly definitionId: string;
  readonly workflowName: string;
  readonly text: string;
  readonly atMs: number;
}

/**
 * Stores a new execution. If a firing starts it, it is stored only while the firing is in state
 * `was`: not entered yet, or waiting. Both rows are written in one transaction, so only one of
 * several callers starts a due instant.
 */
export interface CreateExecution {
  readonly kind: "create_execution";
  readonly executionId: ExecutionId;
  readonly workflowName: string;
  readonly definitionId: string;
  /** JSON. */
  readonly inputParams: string;
  readonly priority?: number;
  readonly atMs: number;
  /** A second execution of the workflow with the same key is not stored. */
  readonly idempotencyKey?: string | null;
  readonly rerunOf?: ExecutionId | null;
  /** The execution sees data up to this instant. */
  readonly asOfMs?: number | null;
  /** At most `concurrencyMax` executions with the same key run at once. */
  readonly concurrencyKey?: string | null;
  readonly concurrencyMax?: number | null;
  readonly scheduleId?: string;
  readonly dueAtMs?: number;
  readonly was?: "none" | "due";
}

/** Takes the lease of a pending execution, or of one whose lease has expired. */
export interface ClaimExecution {
  readonly kind: "claim_execution";
  readonly executionId: ExecutionId;
  readonly owner: string;
  readonly atMs: number;
  readonly expiresAtMs: number;
}

/** Extends a lease. */
export interface RenewLease {
  readonly kind: "renew_lease";
  readonly executionId: ExecutionId;
  readonly owner: string;
  readonly expiresAtMs: number;
}

/** Removes every lease. Used at start, when a lock proves that the owners are dead. */
export interface ReleaseAllLeases {
  readonly kind: "release_all_leases";
}

/** Releases a running execution until an instant, or until it is resumed. */
export interface ParkExecution {
  readonly kind: "park_execution";
  readonly executionId: ExecutionId;
  readonly owner: string;
  readonly status: "waiting" | "paused";
  readonly wakeAtMs: number | null;
}

/** Ends an execution under its lease, or a pending one, which has no lease. */
export interface FinishExecution {
  readonly kind: "finish_execution";
  readonly executionId: ExecutionId;
  readonly owner: string;
  readonly status: FinalStatus;
  readonly atMs: number;
  /** JSON. */
  readonly result: string | null;
  readonly error: StoredError | null;
}

/** Deletes an execution that ended before an instant, with its steps and their results. */
export interface ForgetExecution {
  readonly kind: "forget_execution";
  readonly executionId: ExecutionId;
  readonly beforeMs: number;
}

export type ExecutionOperation =
  | SaveDefinition
  | CreateExecution
  | ClaimExecution
  | RenewLease
  | ReleaseAllLeases
  | ParkExecution
  | FinishExecution
  | ForgetExecution;
