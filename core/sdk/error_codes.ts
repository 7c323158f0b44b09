/** What fails of market sources: agents of any author throw these. Codes with their kinds. */

import type { ErrorKind } from "../error_kinds.ts";

export const sdkErrors = {
  rate_limited: "upstream",
  unauthorized: "upstream",
  not_found: "upstream",
  bad_request: "upstream",
  source_down: "upstream",
  bad_answer: "upstream",
} as const satisfies Readonly<Record<string, ErrorKind>>;
