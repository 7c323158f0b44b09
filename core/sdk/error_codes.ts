/** Error codes of market sources, with their kinds; any agent may throw them. */

import type { ErrorKind } from "../error_kinds.ts";

export const sdkErrors = {
  rate_limited: "upstream",
  unauthorized: "upstream",
  not_found: "upstream",
  bad_request: "upstream",
  source_down: "upstream",
  bad_answer: "upstream",
} as const satisfies Readonly<Record<string, ErrorKind>>;
