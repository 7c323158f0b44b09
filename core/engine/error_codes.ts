/** Failures of executions: codes with their kinds. */

import type { ErrorKind } from "../error_kinds.ts";

export const engineErrors = {
  unknown_execution: "unknown",
  unknown_step: "unknown",
  lease_lost: "lost",
  interrupted: "lost",
} as const satisfies Readonly<Record<string, ErrorKind>>;
