/**
 * Every status there is, each written once: the tables, the API, the events and the CLI use these.
 * A table's CHECK holds the same words. What leads from one to the next is said where it is set:
 * of executions and steps by the store's operations, of agents in host/, of firings in schedule/.
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

/** What an execution ends with. */
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

/** What made a firing: its schedule's rule, or someone who asked for it. */
export const firingCauses = ["rule", "trigger", "backfill"] as const;
export type FiringCause = (typeof firingCauses)[number];
