/** Failures between a caller and the endpoint it asks: codes with their kinds. */

import type { ErrorKind } from "../error_kinds.ts";

export const busErrors = {
  deadline_exceeded: "timeout",
  cancelled: "cancelled",
  overloaded: "overloaded",
  as_of_refused: "unprocessable",
} as const satisfies Readonly<Record<string, ErrorKind>>;
