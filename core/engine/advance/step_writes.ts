/** The operations that advancing an execution commits. */

import type { ExecutionId } from "../../ids.ts";
import type { FinalStatus } from "../../statuses.ts";
import type {
  FinishExecution,
  ParkExecution,
  StoredError,
} from "../../store/operations/executions.ts";
import type { BeginStep, CompleteStep, SettleStep } from "../../store/operations/steps.ts";
import type { Begin, Settle } from "../decide/decision.ts";
import type { Attempt } from "../decide/unit.ts";
import type { Outcome } from "./outcome.ts";

/** The execution, and the owner of the lease it is written under. */
export interface Hold {
  readonly executionId: ExecutionId;
  readonly owner: string;
}

export function beginStep(
  hold: Hold,
  { planned: { step: { name }, index }, item, attempt }: Begin,
  atMs: number,
): BeginStep {
  return { kind: "begin_step", ...hold, name, index, item, attempt, atMs };
}

export function settleStep(
  hold: Hold,
  { planned: { step: { name }, index }, item, attempt, status, result, error }: Settle,
  atMs: number,
): SettleStep {
  const state = { status, result, error };
  return { kind: "settle_step", ...hold, name, index, item, attempt, atMs, ...state };
}

export function completeStep(
  hold: Hold,
  { index, item, attempt }: Pick<Attempt, "index" | "item" | "attempt">,
  outcome: Outcome,
): CompleteStep {
  return { kind: "complete_step", ...hold, index, item, attempt, ...outcome };
}

/** Ends an execution, with `error` if it failed, with its outputs if it completed. */
export function finishExecution(
  hold: Hold,
  status: FinalStatus,
  atMs: number,
  { result = null, error = null }: {
    readonly result?: string | null;
    readonly error?: StoredError | null;
  } = {},
): FinishExecution {
  return { kind: "finish_execution", ...hold, status, atMs, result, error };
}

/** Parks it until `wakeAtMs`, or until it is resumed if that is null. */
export function parkExecution(hold: Hold, wakeAtMs: number | null): ParkExecution {
  const status = wakeAtMs === null ? "paused" : "waiting";
  return { kind: "park_execution", ...hold, status, wakeAtMs };
}
