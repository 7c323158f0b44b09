/**
 * All statuses, each defined once: the tables, the API, the events and the CLI use these, and each
 * table's CHECK holds the same words. The transitions are described where they happen: executions
 * and steps in the store's operations, agents in host/, firings in schedule/.
 */

export const executionStatuses = [
  "pending",
  "running",
  "waiting",
  "paused",
  "completed",
  "failed",
  "cancelled",
] as const;
export type ExecutionStatus = (typeof executionStatuses)[number];

/** Statuses that an execution ends in. */
export const finalStatuses = [
  "completed",
  "failed",
  "cancelled",
] as const satisfies readonly ExecutionStatus[];
export type FinalStatus = (typeof finalStatuses)[number];

export function isFinal(status: ExecutionStatus): status is FinalStatus {
  return finalStatuses.some((final) => final === status);
}

export const stepStatuses = [
  "pending",
  "running",
  "waiting",
  "completed",
  "failed",
  "cancelled",
  "skipped",
] as const;
export type StepStatus = (typeof stepStatuses)[number];

export const agentStatuses = ["idle", "busy", "failed", "refused", "stopped"] as const;
export type AgentStatus = (typeof agentStatuses)[number];

export const firingStatuses = ["due", "fired", "skipped"] as const;
export type FiringStatus = (typeof firingStatuses)[number];

/** What created a firing: its schedule's rule, a manual trigger or a backfill. */
export const firingCauses = ["rule", "trigger", "backfill"] as const;
export type FiringCause = (typeof firingCauses)[number];
