/** What the CLI's process tells its caller: the README's table of exit codes. */

import type { ErrorCode } from "../../errors.ts";

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

/** The exit code for each way something can fail. */
export const exitCodeOf = {
  invalid_input: exitCodes.usage,
  invalid_workflow: exitCodes.refused,
  expression_failed: exitCodes.failed,
  invalid_manifest: exitCodes.refused,
  invalid_config: exitCodes.usage,
  unauthenticated: exitCodes.refused,
  unknown_agent: exitCodes.refused,
  unknown_capability: exitCodes.refused,
  unknown_workflow: exitCodes.refused,
  unknown_execution: exitCodes.refused,
  unknown_step: exitCodes.refused,
  unknown_schedule: exitCodes.refused,
  unknown_route: exitCodes.refused,
  conflict: exitCodes.refused,
  agent_unavailable: exitCodes.failed,
  agent_error: exitCodes.failed,
  invalid_output: exitCodes.failed,
  host_gone: exitCodes.failed,
  host_wedged: exitCodes.failed,
  budget_exceeded: exitCodes.failed,
  deadline_exceeded: exitCodes.failed,
  // No answer of the daemon has this code: here it is the user who ended the wait.
  cancelled: exitCodes.interrupted,
  overloaded: exitCodes.refused,
  rate_limited: exitCodes.failed,
  unauthorized: exitCodes.failed,
  not_found: exitCodes.failed,
  bad_request: exitCodes.failed,
  source_down: exitCodes.failed,
  bad_answer: exitCodes.failed,
  already_running: exitCodes.usage,
  port_taken: exitCodes.usage,
  store_unavailable: exitCodes.failed,
  lease_lost: exitCodes.failed,
  interrupted: exitCodes.failed,
  not_reachable: exitCodes.unreachable,
  internal: exitCodes.failed,
} as const satisfies Record<ErrorCode, number>;
