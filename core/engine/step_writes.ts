/** What advancing an execution commits, as rows of the store's verbs. */

import type { ExecutionId } from "../ids.ts";
import { type Write, write } from "../store/commits.ts";
import { beginStep, completeStep, finishExecution, settleStep } from "../store/execution_verbs.ts";
import type { ErrorRow } from "../store/executions.ts";
import { savePayload } from "../store/payloads.ts";
import { parkExecution } from "../store/steering_verbs.ts";
import type { Begin, Settle } from "./decide/decision.ts";
import type { Attempt } from "./decide/unit.ts";
import type { Outcome } from "./outcome.ts";
import type { FinalStatus } from "../statuses.ts";

/** The execution, and the lease it is written under. */
export interface Hold {
  readonly executionId: ExecutionId;
  readonly owner: string;
}

export function beginWrite(
  { executionId, owner }: Hold,
  { planned: { step, index }, item, attempt }: Begin,
  at: number,
): Write {
  const { name } = step;
  return write(beginStep, { execution_id: executionId, name, index, item, attempt, owner, at });
}

export function settleWrite(
  { executionId, owner }: Hold,
  { planned, item, attempt, status, result, error }: Settle,
  at: number,
): Write {
  return write(settleStep, {
    execution_id: executionId,
    name: planned.step.name,
    index: planned.index,
    item,
    attempt,
    owner,
    at,
    status,
    result,
    error_code: error?.code ?? null,
    error_message: error?.message ?? null,
  });
}

/** Ends an attempt; a large result goes into a row of its own. */
export function completeWrites(
  { executionId, owner }: Hold,
  { index, item, attempt }: Pick<Attempt, "index" | "item" | "attempt">,
  { status, atMs, result, packed, error }: Outcome,
): Write[] {
  const execution_id = executionId;
  const payload_id = packed && `${executionId}/${index}/${item}/${attempt}`;
  const complete = write(completeStep, {
    execution_id,
    index,
    item,
    attempt,
    owner,
    status,
    at: atMs,
    result: packed ? null : result,
    result_ref: payload_id,
    error_code: error?.code ?? null,
    error_message: error?.message ?? null,
  });
  if (!packed || !payload_id) return [complete];
  const { body, sizeBytes: size_bytes } = packed;
  return [write(savePayload, { payload_id, execution_id, owner, size_bytes, body }), complete];
}

/** Ends an execution: with `error` if it failed, with its outputs if it completed. */
export function finishWrite(
  { executionId, owner }: Hold,
  status: FinalStatus,
  at: number,
  { result = null, error = null }: {
    readonly result?: string | null;
    readonly error?: ErrorRow | null;
  },
): Write {
  return write(finishExecution, {
    execution_id: executionId,
    owner,
    status,
    at,
    result,
    error_code: error?.code ?? null,
    error_message: error?.message ?? null,
  });
}

/** Lets go of it: until `wakeAtMs`, or until it is resumed. */
export function parkWrite({ executionId, owner }: Hold, wakeAtMs: number | null): Write {
  const status = wakeAtMs === null ? "paused" : "waiting";
  return write(parkExecution, { execution_id: executionId, owner, status, wake_at: wakeAtMs });
}
