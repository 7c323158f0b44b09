/** Error codes of the store, with their kinds. */

import type { ErrorKind } from "../error_kinds.ts";

export const storeErrors = {
  store_unavailable: "unavailable",
  already_running: "misconfigured",
} as const satisfies Readonly<Record<string, ErrorKind>>;
