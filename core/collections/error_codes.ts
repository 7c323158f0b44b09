/** Error codes of collections, with their kinds. */

import type { ErrorKind } from "../error_kinds.ts";

export const collectionErrors = {
  unknown_collection: "unknown",
  /** The value has changed meanwhile. */
  version_conflict: "conflict",
  /** A bound of the agent would be exceeded. */
  collection_full: "unprocessable",
  /** A value no longer fits the schema. */
  value_misfit: "unprocessable",
} as const satisfies Readonly<Record<string, ErrorKind>>;
