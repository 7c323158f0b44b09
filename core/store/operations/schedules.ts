/**
 * Schedules and their firings. A firing is its schedule and its due instant, and there is one row
 * of it. It is entered, or closed, in one transaction with the execution that it starts: there is
 * no instant in which someone holds it, and nothing that a crash could leave half done.
 */

import type { FiringCause } from "../../statuses.ts";

/** Enters a schedule, or what its file now says of it; a new rule starts from `atMs`. */
export interface SaveSchedule {
  readonly kind: "save_schedule";
  readonly scheduleId: string;
  readonly workflowName: string;
  /** JSON; another text is another rule. */
  readonly rule: string;
  readonly isActive: boolean;
  readonly atMs: number;
}

/** Pauses or resumes; what came due while it was paused is not fired. */
export interface PauseSchedule {
  readonly kind: "pause_schedule";
  readonly scheduleId: string;
  readonly isPaused: boolean;
  readonly atMs: number;
}

/** Names a firing. */
export interface FiringKey {
  readonly scheduleId: string;
  readonly dueAtMs: number;
}

/** Enters a firing that waits for its turn, or is skipped; one that is there stays as it is. */
export interface EnterFiring extends FiringKey {
  readonly kind: "enter_firing";
  readonly cause: FiringCause;
  readonly status: "due" | "skipped";
  readonly reason: string | null;
}

/** Skips a firing that waits. */
export interface SkipFiring extends FiringKey {
  readonly kind: "skip_firing";
  readonly reason: string;
}

/**
 * Enters a firing as fired, or closes one that waited, by its execution: the one that
 * `create_execution` has stored in the same transaction, or an earlier one whose firing has been
 * forgotten. Whether it is ours, the answer to `create_execution` says.
 */
export interface CloseFiring extends FiringKey {
  readonly kind: "close_firing";
  readonly cause: FiringCause;
}

/** Forgets a firing that does not wait. */
export interface ForgetFiring extends FiringKey {
  readonly kind: "forget_firing";
}

export type ScheduleOperation =
  | SaveSchedule
  | PauseSchedule
  | EnterFiring
  | SkipFiring
  | CloseFiring
  | ForgetFiring;
