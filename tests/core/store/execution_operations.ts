/** Operations on executions, with defaults for what a test does not care about. */

import { type ExecutionId, newExecutionId } from "../../../core/ids.ts";
import type { FinalStatus } from "../../../core/statuses.ts";
import type {
  ClaimExecution,
  FinishExecution,
  RenewLease,
  StoredError,
} from "../../../core/store/operations/executions.ts";
import type { BeginStep, CompleteStep } from "../../../core/store/operations/steps.ts";
import type { Store } from "../../../core/store/store.ts";

/** The instant at which tests begin. */
export const startMs = Date.UTC(2026, 0, 16, 10, 30);
/** How long the lease of {@link claim} lasts. */
export const leaseMs = 30_000;

/** Stores a pending execution. */
export async function createdIn(
  store: Store,
  { name = "a", at = startMs, priority = 0 } = {},
): Promise<ExecutionId> {
  const executionId = newExecutionId();
  const own = { workflowName: name, definitionId: `d-${name}`, atMs: at };
  await store.commit([
    { kind: "save_definition", ...own, text: `name: ${name}` },
    { kind: "create_execution", ...own, executionId, inputParams: "{}", priority },
  ]);
  return executionId;
}

export function claim(executionId: ExecutionId, owner: string, atMs = startMs): ClaimExecution {
  return { kind: "claim_execution", executionId, owner, atMs, expiresAtMs: atMs + leaseMs };
}

export function begin(
  executionId: ExecutionId,
  owner: string,
  { index = 0, item = -1, attempt = 1, at = startMs } = {},
): BeginStep {
  const key = { executionId, index, item, attempt };
  return { kind: "begin_step", ...key, name: `step_${index}`, owner, atMs: at };
}

interface Completed {
  readonly index?: number;
  readonly item?: number;
  readonly attempt?: number;
  readonly at?: number;
  readonly status?: FinalStatus;
  readonly result?: string;
}

export function complete(
  executionId: ExecutionId,
  owner: string,
  {
    index = 0,
    item = -1,
    attempt = 1,
    at = startMs,
    status = "completed",
    result = '{"ok":true}',
  }: Completed = {},
): CompleteStep {
  const key = { executionId, index, item, attempt };
  return { kind: "complete_step", ...key, owner, status, atMs: at, result, error: null };
}

export function finish(
  executionId: ExecutionId,
  owner: string,
  status: FinalStatus,
  { at = startMs, error = null }: {
    readonly at?: number;
    readonly error?: StoredError | null;
  } = {},
): FinishExecution {
  return { kind: "finish_execution", executionId, owner, status, atMs: at, result: null, error };
}

export function renew(executionId: ExecutionId, owner: string, expiresAtMs: number): RenewLease {
  return { kind: "renew_lease", executionId, owner, expiresAtMs };
}
