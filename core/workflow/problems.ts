/** The error that refuses a workflow with problems. */

import { AppError } from "../errors.ts";
import type { Problem } from "../yaml/problem.ts";

/** `invalid_workflow` with the problems in its message (the first) and details (all). */
export function refusal(action: string, problems: readonly Problem[]): AppError {
  const [first] = problems;
  const count = problems.length === 1 ? "a problem" : `${problems.length} problems`;
  const where = first ? ` (${first.file}:${first.line}:${first.column}: ${first.message})` : "";
  const message = `Cannot ${action}: ${count}${where}; correct the workflow and try again`;
  return new AppError("invalid_workflow", message, { details: { problems } });
}
