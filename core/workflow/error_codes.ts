/** What is wrong with workflows and their expressions. Codes with their kinds. */

import type { ErrorKind } from "../error_kinds.ts";

export const workflowErrors = {
  invalid_workflow: "unprocessable",
  expression_failed: "failed",
  unknown_workflow: "unknown",
} as const satisfies Readonly<Record<string, ErrorKind>>;
