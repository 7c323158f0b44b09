/** What fails between a caller and whoever it asks. Codes with their kinds. */

import type { ErrorKind } from "../error_kinds.ts";

export const busErrors = {
  deadline_exceeded: "timeout",
  cancelled: "cancelled",
  overloaded: "overloaded",
  as_of_refused: "unprocessable",
} as const satisfies Readonly<Record<string, ErrorKind>>;
