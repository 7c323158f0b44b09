/** What is read of schedules and their firings. */

import type { ExecutionId } from "../../ids.ts";
import type { FiringCause, FiringStatus } from "../../statuses.ts";
import type { FiringKey } from "../operations/schedules.ts";

export interface ScheduleRow {
  readonly id: string;
  readonly workflowName: string;
  readonly paused: boolean;
  readonly active: boolean;
  /** Up to which instant the rule's firings are decided. */
  readonly decidedUntilMs: number;
}

export interface FiringRow extends FiringKey {
  readonly status: FiringStatus;
  readonly cause: FiringCause;
  readonly executionId: ExecutionId | null;
  readonly reason: string | null;
  readonly firedAtMs: number | null;
}

export interface ScheduleReads {
  schedules(): readonly ScheduleRow[];
  /** Those of the schedules that have an execution which has not ended. */
  busy_schedules(ask: { ids: readonly string[] }): readonly string[];
  /** How many firings of each schedule are still to be started. */
  due_counts(): ReadonlyMap<string, number>;
  /** The oldest firing that waits, of each schedule that no open execution holds up. */
  startable_firings(ask: { limit: number }): readonly FiringRow[];
  /** The latest firings of a schedule, newest first. */
  firings(ask: { scheduleId: string; limit: number }): readonly FiringRow[];
  /**
   * Firings that were due before an instant: never one that waits, nor the latest by the rule,
   * which says up to which instant the rule's firings are decided.
   */
  forgettable_firings(ask: { beforeMs: number; limit: number }): readonly FiringKey[];
}
