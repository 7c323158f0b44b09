/** What the engine publishes of executions: facts, each after it was committed. */

import { capabilityAddress, type ExecutionId } from "../ids.ts";
import type { StoredError } from "../store/operations/executions.ts";
import type { ClaimableRow } from "../store/reads/executions.ts";
import type { FailedStep } from "./decide/decision.ts";
import { noItem } from "./decide/step_progress.ts";
import type { FinalStatus } from "../statuses.ts";

/**
 * A fact about an execution, in the past tense. With `as_of` it is of one that sees up to an
 * earlier instant: whoever acts on what happens now should leave it alone.
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
    /** The item's place in the list; -1 for a step that runs once. */
    readonly item: number;
    readonly attempt: number;
    readonly error?: StoredError;
  };

export type StepTopic = `step.${"started" | "completed" | "failed" | "cancelled" | "skipped"}`;

/** An execution's instant as people and expressions see it; null: now. */
export function asOfText(asOfMs: number | null): string | null {
  return asOfMs === null ? null : new Date(asOfMs).toISOString();
}

/** The event, marked with the instant that its execution sees up to. */
export function asOf(
  { asOfMs }: Pick<ClaimableRow, "asOfMs">,
  event: EngineEvent,
): EngineEvent {
  const as_of = asOfText(asOfMs);
  return as_of === null ? event : { ...event, as_of };
}

/** An execution is being advanced, at first or again. */
export function startedEvent(executionId: ExecutionId, workflow: string): EngineEvent {
  return { topic: "execution.started", execution_id: executionId, workflow };
}

/** None of an execution's steps runs any more, until it is resumed. */
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

/** An execution failed: all that an alert needs. */
export interface ExecutionFailed {
  readonly topic: "execution.failed";
  readonly execution_id: ExecutionId;
  readonly workflow: string;
  /** Of one that a schedule started, and the instant it was due. */
  readonly schedule?: string;
  readonly due_at?: string;
  readonly error: StoredError;
  /** The step that it failed with; absent when its time was over or its text can't be used. */
  readonly step?: string;
  readonly capability?: string;
  /** The item's place in the list, of a step with `for_each`. */
  readonly item?: number;
  /** How often it was tried. */
  readonly attempts?: number;
  /** Only if they are short and hold none of the daemon's secrets. */
  readonly inputs?: unknown;
}

/** What is published of an execution that has ended. */
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
