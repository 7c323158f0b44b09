/** Errors as `application/problem+json` (RFC 9457), with the status that belongs to each code. */

import { type ErrorCode, type ErrorData, toErrorData } from "../errors.ts";
import type { ProblemAnswer } from "./api.ts";

const statusOf = {
  invalid_input: 400,
  invalid_workflow: 422,
  expression_failed: 422,
  invalid_manifest: 422,
  invalid_config: 422,
  unauthenticated: 401,
  unknown_agent: 404,
  unknown_capability: 404,
  unknown_workflow: 404,
  unknown_execution: 404,
  unknown_step: 404,
  unknown_schedule: 404,
  unknown_route: 404,
  conflict: 409,
  agent_unavailable: 503,
  agent_error: 502,
  invalid_output: 502,
  host_gone: 502,
  host_wedged: 502,
  budget_exceeded: 502,
  deadline_exceeded: 504,
  cancelled: 409,
  overloaded: 503,
  rate_limited: 502,
  unauthorized: 502,
  not_found: 502,
  bad_request: 502,
  source_down: 502,
  bad_answer: 502,
  already_running: 409,
  port_taken: 409,
  store_unavailable: 503,
  lease_lost: 409,
  interrupted: 409,
  not_reachable: 502,
  internal: 500,
} as const satisfies Record<ErrorCode, number>;

const titles: Readonly<Record<number, string>> = {
  400: "Bad Request",
  401: "Unauthorized",
  404: "Not Found",
  409: "Conflict",
  422: "Unprocessable Content",
  500: "Internal Server Error",
  502: "Bad Gateway",
  503: "Service Unavailable",
  504: "Gateway Timeout",
};

/** The answer for any thrown value. */
export function problemResponse(thrown: unknown): Response {
  const error: ErrorData = toErrorData(thrown);
  const status = statusOf[error.code];
  const answer: ProblemAnswer = {
    type: "about:blank",
    title: titles[status] ?? "Error",
    status,
    detail: error.message,
    code: error.code,
    ...(error.details === undefined ? {} : { details: error.details }),
  };
  const headers = new Headers({ "content-type": "application/problem+json" });
  if (status === 401) headers.set("www-authenticate", "Bearer");
  return new Response(JSON.stringify(answer), { status, headers });
}
