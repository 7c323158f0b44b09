/** Writes of executions with what a test does not care about filled in. */

import type { ErrorCode } from "../../../core/errors.ts";
import { type ExecutionId, newExecutionId } from "../../../core/ids.ts";
import { type Write, write } from "../../../core/store/sqlite/commits.ts";
import {
  beginStep,
  claimExecution,
  completeStep,
  createExecution,
  finishExecution,
  leaseMs,
  renewLease,
  saveDefinition,
} from "../../../core/store/execution_verbs.ts";
import type { Store } from "../../../core/store/store.ts";
import type { FinalStatus } from "../../../core/statuses.ts";

/** The instant at which a test's story begins. */
export const startMs = Date.UTC(2026, 0, 16, 10, 30);

/** Stores a pending execution. */
export async function createdIn(
  { commits }: Store,
  { name = "a", at = startMs } = {},
): Promise<ExecutionId> {
  const id = newExecutionId();
  await commits.commit([
    write(saveDefinition, { definition_id: `d-${name}`, name, text: `name: ${name}`, at }),
    write(createExecution, {
      execution_id: id,
      name,
      definition_id: `d-${name}`,
      input: "{}",
      at,
    }),
  ]);
  return id;
}

export function claim(execution_id: ExecutionId, owner: string, at = startMs): Write {
  return write(claimExecution, { execution_id, owner, at, expires: at + leaseMs });
}

export function begin(
  execution_id: ExecutionId,
  owner: string,
  { index = 0, attempt = 1, at = startMs } = {},
): Write {
  const name = `step_${index}`;
  return write(beginStep, { execution_id, name, index, item: -1, attempt, owner, at });
}

export function complete(
  execution_id: ExecutionId,
  owner: string,
  {
    index = 0,
    attempt = 1,
    at = startMs,
    status = "completed",
    result = '{"ok":true}',
  }: {
    readonly index?: number;
    readonly attempt?: number;
    readonly at?: number;
    readonly status?: FinalStatus;
    readonly result?: string;
  } = {},
): Write {
  return write(completeStep, {
    execution_id,
    index,
    item: -1,
    attempt,
    owner,
    status,
    at,
    result,
    result_ref: null,
    error_code: null,
    error_message: null,
  });
}

export function finish(
  execution_id: ExecutionId,
  owner: string,
  status: FinalStatus,
  { at = startMs, error = null as { code: ErrorCode; message: string } | null } = {},
): Write {
  return write(finishExecution, {
    execution_id,
    owner,
    status,
    at,
    result: null,
    error_code: error?.code ?? null,
    error_message: error?.message ?? null,
  });
}

export function renew(execution_id: ExecutionId, owner: string, expires: number): Write {
  return write(renewLease, { execution_id, owner, expires });
}
