/** What fails of collections. Codes with their kinds. */

import type { ErrorKind } from "../error_kinds.ts";

export const collectionErrors = {
  unknown_collection: "unknown",
  /** The value was changed meanwhile. */
  version_conflict: "conflict",
  /** A bound of the agent's would be exceeded. */
  collection_full: "unprocessable",
  /** A value does not fit the schema any more. */
  value_misfit: "unprocessable",
} as const satisfies Readonly<Record<string, ErrorKind>>;
