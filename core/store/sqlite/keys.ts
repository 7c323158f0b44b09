/** The keys that identify executions and attempts in the results of statements. */

import type { AttemptKey } from "../operations/steps.ts";

export function executionKey({ executionId }: { readonly executionId: string }): string {
  return executionId;
}

export function attemptKey({ executionId, index, item, attempt }: AttemptKey): string {
  return `${executionId}/${index}/${item}/${attempt}`;
}

/** The same key for a row of `workflow_step_executions`. */
export const attemptKeySql =
  "execution_id || '/' || step_index || '/' || item || '/' || attempt AS key";
