/** Error codes of the store, with their kinds. */

import type { ErrorKind } from "../error_kinds.ts";

export const storeErrors = {
  store_unavailable: "unavailable",
  already_running: "misconfigured",
  /** This database can't be backed up here, or this file is no backup to restore. */
  backup_refused: "unprocessable",
  backup_failed: "unavailable",
} as const satisfies Readonly<Record<string, ErrorKind>>;
