/** What fails of the control plane, and on the way to it. Codes with their kinds. */

import type { ErrorKind } from "../error_kinds.ts";

export const httpErrors = {
  unauthenticated: "unauthenticated",
  unknown_route: "unknown",
  port_taken: "misconfigured",
  not_reachable: "unreachable",
} as const satisfies Readonly<Record<string, ErrorKind>>;
