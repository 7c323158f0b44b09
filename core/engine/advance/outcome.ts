/** What an attempt comes to. */

import type { FinalStatus } from "../../statuses.ts";
import type { StoredError } from "../../store/operations/executions.ts";

export interface Outcome {
  readonly status: FinalStatus;
  readonly atMs: number;
  readonly result: string | null;
  readonly error: StoredError | null;
}

/** Of an attempt that ran when its daemon died or its store failed; perhaps because of it. */
export const interrupted: Omit<Outcome, "atMs"> = {
  status: "cancelled",
  result: null,
  error: { code: "interrupted", message: "the daemon, or its store, failed while it ran" },
};

/** Of an attempt that a closing daemon took back from its agent, for the next daemon to repeat. */
export const stopped: Omit<Outcome, "atMs"> = {
  status: "cancelled",
  result: null,
  error: { code: "cancelled", message: "the daemon was stopped while it ran" },
};
