/** What the engine tells of executions: facts, each published after it was committed. */

import type { ExecutionId } from "../ids.ts";
import type { ErrorRow, FinalStatus } from "../store/executions.ts";

/** A fact about an execution, in the past tense. */
export type EngineEvent =
  | {
    readonly topic: "execution.started" | "execution.paused" | `execution.${FinalStatus}`;
    readonly execution_id: ExecutionId;
    readonly workflow: string;
    readonly error?: ErrorRow;
  }
  | {
    readonly topic: StepTopic;
    readonly execution_id: ExecutionId;
    readonly workflow: string;
    readonly step: string;
    readonly index: number;
    /** The item's place in the list; -1 for a step that is carried out once. */
    readonly item: number;
    readonly attempt: number;
    readonly error?: ErrorRow;
  };

export type StepTopic = `step.${"started" | "completed" | "failed" | "cancelled" | "skipped"}`;

/** An execution was taken up, at first or again. */
export function startedEvent(executionId: ExecutionId, workflow: string): EngineEvent {
  return { topic: "execution.started", execution_id: executionId, workflow };
}

/** Nothing of an execution runs any more, until it is resumed. */
export function pausedEvent(executionId: ExecutionId, workflow: string): EngineEvent {
  return { topic: "execution.paused", execution_id: executionId, workflow };
}

/** An attempt of a step began, or came to its end. */
export function stepEvent(
  executionId: ExecutionId,
  workflow: string,
  topic: StepTopic,
  subject: {
    readonly step: string;
    readonly index: number;
    readonly item: number;
    readonly attempt: number;
  },
  error: ErrorRow | null = null,
): EngineEvent {
  const event = { topic, execution_id: executionId, workflow, ...subject };
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
