/** Errors as `application/problem+json` (RFC 9457), with the status that belongs to each kind. */

import type { ErrorKind } from "../error_kinds.ts";
import { type ErrorData, kindOf, toErrorData } from "../errors.ts";
import type { ProblemAnswer } from "./api.ts";

const statusOf = {
  malformed: 400,
  unprocessable: 422,
  misconfigured: 422,
  unauthenticated: 401,
  unknown: 404,
  conflict: 409,
  failed: 422,
  lost: 409,
  cancelled: 409,
  upstream: 502,
  timeout: 504,
  unavailable: 503,
  overloaded: 503,
  unreachable: 502,
  internal: 500,
} as const satisfies Record<ErrorKind, number>;

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
  const status = statusOf[kindOf[error.code]];
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
