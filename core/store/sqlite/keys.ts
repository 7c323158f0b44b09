/** How operations on executions and attempts are named in the answer of their statements. */

import type { AttemptKey } from "../operations/steps.ts";

export function executionKey({ executionId }: { readonly executionId: string }): string {
  return executionId;
}

export function attemptKey({ executionId, index, item, attempt }: AttemptKey): string {
  return `${executionId}/${index}/${item}/${attempt}`;
}

/** The same of a row of `workflow_step_executions`. */
export const attemptKeySql =
  "execution_id || '/' || step_index || '/' || item || '/' || attempt AS key";
