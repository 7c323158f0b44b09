/** Failures of agents and their hosts: codes with their kinds. */

import type { ErrorKind } from "../error_kinds.ts";

export const hostErrors = {
  invalid_manifest: "unprocessable",
  unknown_agent: "unknown",
  unknown_capability: "unknown",
  agent_unavailable: "unavailable",
  agent_error: "upstream",
  invalid_output: "upstream",
  host_gone: "upstream",
  host_wedged: "upstream",
  budget_exceeded: "upstream",
} as const satisfies Readonly<Record<string, ErrorKind>>;
