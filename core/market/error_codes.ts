/** Error codes of stored market data, with their kinds. */

import type { ErrorKind } from "../error_kinds.ts";

export const marketErrors = {
  /** Only the agent that provides a source may write as it. */
  not_the_source: "unprocessable",
  /** The stored prices cannot be had on the requested basis. */
  basis_unknown: "unprocessable",
} as const satisfies Readonly<Record<string, ErrorKind>>;
