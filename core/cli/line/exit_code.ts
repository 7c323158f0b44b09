/** The exit codes of the CLI, as docs/operations.md lists them. */

import type { ErrorKind } from "../../error_kinds.ts";
import { type ErrorCode, kindOf } from "../../errors.ts";

/** Every exit code by its meaning. */
export const exitCodes = {
  ok: 0,
  /** The command ran and did not succeed. */
  failed: 1,
  /** The command line or the configuration is wrong. */
  usage: 2,
  /** No daemon answers. */
  unreachable: 3,
  /** The daemon refused the request: no permission, or the thing does not exist. */
  refused: 4,
  /** Ctrl-C. */
  interrupted: 130,
} as const;

/** The exit code for each kind of failure. */
const exitCodeOfKind = {
  malformed: exitCodes.usage,
  unprocessable: exitCodes.refused,
  misconfigured: exitCodes.usage,
  unauthenticated: exitCodes.refused,
  unknown: exitCodes.refused,
  conflict: exitCodes.refused,
  failed: exitCodes.failed,
  lost: exitCodes.failed,
  // The daemon never answers with this kind: it means that the user ended the wait.
  cancelled: exitCodes.interrupted,
  upstream: exitCodes.failed,
  timeout: exitCodes.failed,
  unavailable: exitCodes.failed,
  overloaded: exitCodes.refused,
  unreachable: exitCodes.unreachable,
  internal: exitCodes.failed,
} as const satisfies Record<ErrorKind, number>;

export function exitCodeOf(code: ErrorCode): number {
  return exitCodeOfKind[kindOf[code]];
}
