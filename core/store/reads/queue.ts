/** What is read of the executions that wait to be advanced. */

import type { ClaimableRow } from "./executions.ts";

/** What waits of one workflow at one priority. */
export interface Lane {
  readonly workflowName: string;
  readonly priority: number;
  readonly count: number;
  readonly oldestAtMs: number;
}

/** Executions that have not ended, by status. */
export interface OpenCounts {
  readonly pending: number;
  readonly running: number;
  readonly waiting: number;
  readonly paused: number;
}

export interface QueueReads {
  /**
   * What is to be claimed next: what has begun and may go on, then what waits, in its turn. Of
   * workflows that are equal in all else, the one goes first that was `served` longest ago: each
   * has a number, higher the later.
   */
  claimable(
    ask: { nowMs: number; limit: number; served?: Readonly<Record<string, number>> },
  ): readonly ClaimableRow[];
  pending_count(): number;
  /** All that waits, the highest priority first, then what has waited longest. */
  queue_lanes(): readonly Lane[];
  open_counts(): OpenCounts;
}
