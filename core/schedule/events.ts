/** The events about firings; each holds everything an alert needs. */

import type { FiringCause } from "../statuses.ts";

/** A firing that started late or was skipped. */
export type FiringEvent =
  & {
    readonly schedule: string;
    readonly workflow: string;
    readonly due_at: string;
    readonly cause: FiringCause;
    /** Seconds from its due instant to this event. */
    readonly late_seconds: number;
  }
  & (
    | { readonly topic: "firing.late"; readonly execution_id: string }
    | {
      readonly topic: "firing.skipped";
      /** `missed`, `overlap`, `queue_full`, or the error's code and message. */
      readonly reason: string;
      /** Whether earlier instants were skipped with this one. */
      readonly many: boolean;
    }
  );

/** The firing that an event describes. */
export interface FiringSubject {
  readonly schedule: string;
  readonly workflow: string;
  readonly dueAtMs: number;
  readonly cause: FiringCause;
  readonly nowMs: number;
}

/** It was missed, or had waited for the execution before it. */
export function lateEvent(subject: FiringSubject, executionId: string): FiringEvent {
  return { topic: "firing.late", ...facts(subject), execution_id: executionId };
}

/** It was not started and never will be. */
export function skippedEvent(subject: FiringSubject, reason: string, many: boolean): FiringEvent {
  return { topic: "firing.skipped", ...facts(subject), reason, many };
}

function facts(
  { schedule, workflow, dueAtMs, cause, nowMs }: FiringSubject,
): Pick<FiringEvent, "schedule" | "workflow" | "due_at" | "cause" | "late_seconds"> {
  return {
    schedule,
    workflow,
    due_at: new Date(dueAtMs).toISOString(),
    cause,
    late_seconds: (nowMs - dueAtMs) / 1_000,
  };
}
