/**
 * How executions are stored, advanced and ended. Whoever advances one names the lease that it holds
 * (`owner`): once that is lost, an operation takes no effect.
 */

import type { ErrorData } from "../../errors.ts";
import type { ExecutionId } from "../../ids.ts";
import type { FinalStatus } from "../../statuses.ts";

/** What is stored of a failure. */
export type StoredError = Pick<ErrorData, "code" | "message">;

/** The text of a workflow; its id says what the text is. */
export interface SaveDefinition {
  readonly kind: "save_definition";
  readonly definitionId: string;
  readonly workflowName: string;
  readonly text: string;
  readonly atMs: number;
}

/**
 * Stores a new execution. One that a firing starts is stored only while that firing is as `was`
 * says: not entered yet, or waiting. In one transaction with the firing's own row, an instant is
 * started by one of all who try.
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
  /** The instant that it sees up to. */
  readonly asOfMs?: number | null;
  /** At most `concurrencyMax` executions of one key run at once. */
  readonly concurrencyKey?: string | null;
  readonly concurrencyMax?: number | null;
  readonly scheduleId?: string;
  readonly dueAtMs?: number;
  readonly was?: "none" | "due";
}

/** Takes the lease of a pending execution, or of one whose lease nobody holds any more. */
export interface ClaimExecution {
  readonly kind: "claim_execution";
  readonly executionId: ExecutionId;
  readonly owner: string;
  readonly atMs: number;
  readonly expiresAtMs: number;
}

/** Keeps a lease for longer. */
export interface RenewLease {
  readonly kind: "renew_lease";
  readonly executionId: ExecutionId;
  readonly owner: string;
  readonly expiresAtMs: number;
}

/** Takes every lease away: at start, when a lock proves that their owners are dead. */
export interface ReleaseAllLeases {
  readonly kind: "release_all_leases";
}

/** Lets go of a running execution until an instant, or until it is resumed. */
export interface ParkExecution {
  readonly kind: "park_execution";
  readonly executionId: ExecutionId;
  readonly owner: string;
  readonly status: "waiting" | "paused";
  readonly wakeAtMs: number | null;
}

/** Ends an execution under its lease, or one that has not begun and has none. */
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

/** Forgets an execution that ended before an instant, with its steps and their results. */
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
