/** Reads of schedules and their firings. */

import type { ExecutionId } from "../../ids.ts";
import type { FiringCause, FiringStatus } from "../../statuses.ts";
import type { FiringKey } from "../operations/schedules.ts";

export interface ScheduleRow {
  readonly id: string;
  readonly workflowName: string;
  readonly paused: boolean;
  readonly active: boolean;
  /** The instant up to which the rule's firings are decided. */
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
  /** The schedules with an execution that has not ended. */
  busy_schedules(ask: { ids: readonly string[] }): readonly string[];
  /** The number of firings of each schedule that still have to start. */
  due_counts(): ReadonlyMap<string, number>;
  /** The oldest waiting firing of each schedule that has no open execution. */
  startable_firings(ask: { limit: number }): readonly FiringRow[];
  /** The latest firings of a schedule, newest first. */
  firings(ask: { scheduleId: string; limit: number }): readonly FiringRow[];
  /**
   * Firings that were due before an instant, except waiting ones and the schedule's latest firing
   * by rule. The latter marks the instant up to which the rule's firings are decided.
   */
  forgettable_firings(ask: { beforeMs: number; limit: number }): readonly FiringKey[];
}
