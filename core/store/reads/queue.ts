/** Reads of executions that wait for an owner. */

import type { ClaimableRow } from "./executions.ts";

/** The waiting executions of one workflow at one priority. */
export interface Lane {
  readonly workflowName: string;
  readonly priority: number;
  readonly count: number;
  readonly oldestAtMs: number;
}

/** The number of executions that have not ended, by status. */
export interface OpenCounts {
  readonly pending: number;
  readonly running: number;
  readonly waiting: number;
  readonly paused: number;
}

export interface QueueReads {
  /**
   * The next executions to claim: first those that have begun and may continue, then pending ones
   * in turn. Among otherwise equal workflows, the one served longest ago comes first. `served`
   * gives each workflow a number; a higher number means served later.
   */
  claimable(
    ask: { nowMs: number; limit: number; served?: Readonly<Record<string, number>> },
  ): readonly ClaimableRow[];
  pending_count(): number;
  /** All waiting executions: highest priority first, then the longest waiting. */
  queue_lanes(): readonly Lane[];
  open_counts(): OpenCounts;
}
