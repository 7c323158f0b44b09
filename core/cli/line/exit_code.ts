/** What the CLI's process tells its caller: the table of exit codes in docs/operations.md. */

import type { ErrorKind } from "../../error_kinds.ts";
import { type ErrorCode, kindOf } from "../../errors.ts";

/** Every exit code of the CLI, by what it says. */
export const exitCodes = {
  ok: 0,
  /** It was tried and did not succeed. */
  failed: 1,
  /** The command line or the configuration is wrong. */
  usage: 2,
  /** No daemon answers. */
  unreachable: 3,
  /** The daemon refused: no right to ask, or no such thing. */
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
  // No answer of the daemon has this kind: here it is the user who ended the wait.
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
