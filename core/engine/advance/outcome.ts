/** The result of an attempt. */

import type { FinalStatus } from "../../statuses.ts";
import type { StoredError } from "../../store/operations/executions.ts";

export interface Outcome {
  readonly status: FinalStatus;
  readonly atMs: number;
  readonly result: string | null;
  readonly error: StoredError | null;
}

/** For an attempt that ran when its daemon died or its store failed; it may be the cause. */
export const interrupted: Omit<Outcome, "atMs"> = {
  status: "cancelled",
  result: null,
  error: { code: "interrupted", message: "the daemon or its store failed during this attempt" },
};

/** For an attempt that a stopping daemon interrupted; the next daemon repeats it. */
export const stopped: Omit<Outcome, "atMs"> = {
  status: "cancelled",
  result: null,
  error: { code: "cancelled", message: "the daemon stopped during this attempt" },
};
