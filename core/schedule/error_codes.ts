/** Failures of schedules: codes with their kinds. */

import type { ErrorKind } from "../error_kinds.ts";

export const scheduleErrors = {
  unknown_schedule: "unknown",
} as const satisfies Readonly<Record<string, ErrorKind>>;
