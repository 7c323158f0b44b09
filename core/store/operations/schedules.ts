/**
 * Schedules and their firings. A firing is identified by its schedule and due instant and has one
 * row. The row is entered or closed in the same transaction that stores the execution it starts. So
 * nobody ever holds a firing, and a crash leaves none half done.
 */

import type { FiringCause } from "../../statuses.ts";

/** Saves a schedule or its changed definition; a new rule starts from `atMs`. */
export interface SaveSchedule {
  readonly kind: "save_schedule";
  readonly scheduleId: string;
  readonly workflowName: string;
  /** JSON; a different text is a different rule. */
  readonly rule: string;
  readonly isActive: boolean;
  readonly atMs: number;
}

/** Pauses or resumes a schedule; what came due during the pause is not fired. */
export interface PauseSchedule {
  readonly kind: "pause_schedule";
  readonly scheduleId: string;
  readonly isPaused: boolean;
  readonly atMs: number;
}

/** Identifies a firing. */
export interface FiringKey {
  readonly scheduleId: string;
  readonly dueAtMs: number;
}

/** Enters a firing that waits for its turn or is skipped; an existing one stays as it is. */
export interface EnterFiring extends FiringKey {
  readonly kind: "enter_firing";
  readonly cause: FiringCause;
  readonly status: "due" | "skipped";
  readonly reason: string | null;
}

/** Skips a waiting firing. */
export interface SkipFiring extends FiringKey {
  readonly kind: "skip_firing";
  readonly reason: string;
}

/**
 * Enters a firing as fired, or closes a waiting one, and links its execution: the one that
 * `create_execution` stored in the same transaction, or an earlier one whose firing was deleted.
 * The result of `create_execution` shows which of the two it is.
 */
export interface CloseFiring extends FiringKey {
  readonly kind: "close_firing";
  readonly cause: FiringCause;
}

/** Deletes a firing unless it waits. */
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
