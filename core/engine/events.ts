/** The events that the engine publishes about executions, each after its commit. */

import { capabilityAddress, type ExecutionId } from "../ids.ts";
import type { StoredError } from "../store/operations/executions.ts";
import type { ClaimableRow } from "../store/reads/executions.ts";
import type { FailedStep } from "./decide/decision.ts";
import { noItem } from "./decide/step_progress.ts";
import type { FinalStatus } from "../statuses.ts";

/**
 * A fact about an execution, in the past tense. `as_of` marks an execution that sees up to an
 * earlier instant; a subscriber that acts on the present should ignore it.
 */
export type EngineEvent = ExecutionFact & { readonly as_of?: string };

type ExecutionFact =
  | {
    readonly topic: "execution.started" | "execution.paused" | `execution.${FinalStatus}`;
    readonly execution_id: ExecutionId;
    readonly workflow: string;
  }
  | ExecutionFailed
  | {
    readonly topic: StepTopic;
    readonly execution_id: ExecutionId;
    readonly workflow: string;
    readonly step: string;
    readonly index: number;
    /** The item's index in the list; -1 for a step that runs once. */
    readonly item: number;
    readonly attempt: number;
    readonly error?: StoredError;
  };

export type StepTopic = `step.${"started" | "completed" | "failed" | "cancelled" | "skipped"}`;

/** An execution's instant as text, for people and expressions; null for the present. */
export function asOfText(asOfMs: number | null): string | null {
  return asOfMs === null ? null : new Date(asOfMs).toISOString();
}

/** Adds the instant that its execution sees up to. */
export function asOf(
  { asOfMs }: Pick<ClaimableRow, "asOfMs">,
  event: EngineEvent,
): EngineEvent {
  const as_of = asOfText(asOfMs);
  return as_of === null ? event : { ...event, as_of };
}

/** An execution starts to be advanced, for the first time or again. */
export function startedEvent(executionId: ExecutionId, workflow: string): EngineEvent {
  return { topic: "execution.started", execution_id: executionId, workflow };
}

/** No step of an execution runs until it is resumed. */
export function pausedEvent(executionId: ExecutionId, workflow: string): EngineEvent {
  return { topic: "execution.paused", execution_id: executionId, workflow };
}

/** An attempt of a step began or ended. */
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
  error: StoredError | null = null,
): EngineEvent {
  const event = { topic, execution_id: executionId, workflow, ...subject };
  return error ? { ...event, error } : event;
}

/** A failed execution, with everything an alert needs. */
export interface ExecutionFailed {
  readonly topic: "execution.failed";
  readonly execution_id: ExecutionId;
  readonly workflow: string;
  /** Present if a schedule started it, with the due instant below. */
  readonly schedule?: string;
  readonly due_at?: string;
  readonly error: StoredError;
  /** The step it failed with; absent after a timeout, or when its text could not be used. */
  readonly step?: string;
  readonly capability?: string;
  /** The item's index, if the step has `for_each`. */
  readonly item?: number;
  /** How many attempts were made. */
  readonly attempts?: number;
  /** Present only if short and free of the daemon's secrets. */
  readonly inputs?: unknown;
}

/** The facts about an ended execution that its event needs. */
export type EndedExecution =
  & Pick<ClaimableRow, "executionId" | "workflowName" | "inputParams">
  & Partial<Pick<ClaimableRow, "scheduleId" | "dueAtMs">>;

const inputsLengthMax = 2_000;

/** An execution has ended. */
export function endedEvent(
  execution: EndedExecution,
  status: FinalStatus,
  error: StoredError | null,
  { failedStep, secrets = {} }: {
    readonly failedStep?: FailedStep | undefined;
    readonly secrets?: Readonly<Record<string, string>>;
  } = {},
): EngineEvent {
  const { executionId, workflowName: workflow, inputParams } = execution;
  const { scheduleId = null, dueAtMs = null } = execution;
  if (status !== "failed" || !error) {
    return { topic: `execution.${status}`, execution_id: executionId, workflow };
  }
  return {
    topic: "execution.failed",
    execution_id: executionId,
    workflow,
    ...(scheduleId !== null && { schedule: scheduleId }),
    ...(dueAtMs !== null && { due_at: new Date(dueAtMs).toISOString() }),
    error,
    ...(failedStep && stepFacts(failedStep)),
    ...(mayBePublished(inputParams, secrets) && { inputs: JSON.parse(inputParams) }),
  };
}

function stepFacts({ planned: { step }, failure: { item, attempt } }: FailedStep): {
  readonly step: string;
  readonly capability: string;
  readonly item?: number;
  readonly attempts: number;
} {
  return {
    step: step.name,
    capability: capabilityAddress(step.agent, step.capability),
    ...(item !== noItem && { item }),
    attempts: attempt,
  };
}

function mayBePublished(inputParams: string, secrets: Readonly<Record<string, string>>): boolean {
  if (inputParams.length > inputsLengthMax) return false;
  return !Object.values(secrets).some((secret) =>
    secret !== "" && inputParams.includes(JSON.stringify(secret).slice(1, -1))
  );
}
