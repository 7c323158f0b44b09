/** What the engine tells of executions: facts, each published after it was committed. */

import type { ExecutionId } from "../ids.ts";
import type { ErrorRow, FinalStatus } from "../store/executions.ts";
import type { Step } from "../workflow/definition.ts";

/** A fact about an execution, in the past tense. */
export type EngineEvent =
  | {
    readonly topic: "execution.started" | `execution.${FinalStatus}`;
    readonly execution_id: ExecutionId;
    readonly workflow: string;
    readonly error?: ErrorRow;
  }
  | {
    readonly topic: "step.started" | "step.completed" | "step.failed" | "step.cancelled";
    readonly execution_id: ExecutionId;
    readonly workflow: string;
    readonly step: string;
    readonly index: number;
    readonly attempt: number;
    readonly error?: ErrorRow;
  };

/** An execution was taken up, at first or again. */
export function startedEvent(executionId: ExecutionId, workflow: string): EngineEvent {
  return { topic: "execution.started", execution_id: executionId, workflow };
}

/** An attempt of a step began, or came to its end. */
export function stepEvent(
  executionId: ExecutionId,
  workflow: string,
  topic: `step.${"started" | "completed" | "failed" | "cancelled"}`,
  subject: { readonly step: Step; readonly index: number; readonly attempt: number },
  error: ErrorRow | null = null,
): EngineEvent {
  const { step: { name: step }, index, attempt } = subject;
  const event = { topic, execution_id: executionId, workflow, step, index, attempt };
  return error ? { ...event, error } : event;
}

/** An execution came to its end. */
export function endedEvent(
  executionId: ExecutionId,
  workflow: string,
  status: FinalStatus,
  error: ErrorRow | null,
): EngineEvent {
  const event = { topic: `execution.${status}` as const, execution_id: executionId, workflow };
  return error ? { ...event, error } : event;
}
