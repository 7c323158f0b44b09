/**
 * Why Yahoo gave no data, in the closed codes of a market source:
 *
 * | code | found |
 * |---|---|
 * | rate_limited | 429, and 999, which Yahoo's edge says instead; details: retry_after_seconds |
 * | unauthorized | 401, 403 |
 * | not_found | 404, or the words "No data found" |
 * | bad_request | any other 4xx |
 * | source_down | 5xx, no connection, no answer in time |
 * | bad_answer | an answer that is none: a redirect, HTML, cut JSON, another shape |
 */

import { AppError, type ErrorCode } from "100ac";
import { shown } from "../../_lib/source/symbols.ts";

export type FailureCode = Extract<
  ErrorCode,
  "rate_limited" | "unauthorized" | "not_found" | "bad_request" | "source_down" | "bad_answer"
>;

/** A failure before it is known what was being fetched: see {@link toAppError}. */
export class YahooFailure extends Error {
  override readonly name = "YahooFailure";
  readonly code: FailureCode;
  /** For `rate_limited`: when Yahoo says to come back; null when it does not say. */
  readonly retryAfterSeconds: number | null;

  constructor(
    code: FailureCode,
    found: string,
    options: { readonly retryAfterSeconds?: number | null; readonly cause?: unknown } = {},
  ) {
    super(found, options.cause === undefined ? undefined : { cause: options.cause });
    this.code = code;
    this.retryAfterSeconds = options.retryAfterSeconds ?? null;
  }
}

/** The failure that an answer with a status of 300 or more is. */
export function failureOfAnswer(
  answer: { readonly status: number; readonly headers: Headers; readonly body: string },
  nowMs: number,
): YahooFailure {
  const { status, headers, body } = answer;
  const words = describedError(body);
  const found = `Yahoo answered ${status}${words === undefined ? "" : ` (${words})`}`;
  if (status === 429 || status === 999) {
    const retryAfterSeconds = retryAfter(headers.get("retry-after"), nowMs);
    return new YahooFailure("rate_limited", found, { retryAfterSeconds });
  }
  return new YahooFailure(codeOfStatus(status), found);
}

function codeOfStatus(status: number): FailureCode {
  if (status === 401 || status === 403) return "unauthorized";
  if (status === 404) return "not_found";
  if (status >= 500) return "source_down";
  return status >= 400 ? "bad_request" : "bad_answer";
}

/** Yahoo's own words, `{"chart":{"error":{"description":…}}}`; undefined when it has none. */
function describedError(body: string): string | undefined {
  const description = /"description"\s*:\s*"((?:[^"\\]|\\.)*)"/.exec(body.slice(0, 4_096))?.[1];
  return description === undefined || description === "" ? undefined : excerpt(description);
}

/** Text from outside, fit for one line of a message. */
function excerpt(text: string): string {
  // deno-lint-ignore no-control-regex -- taking them out is the point
  const line = text.replace(/[\u0000-\u001f\u007f]+/g, " ").trim();
  return line.length <= 200 ? line.toWellFormed() : `${line.slice(0, 200).toWellFormed()}…`;
}

/** RFC 9110, 10.2.3: seconds, or a date. */
function retryAfter(header: string | null, nowMs: number): number | null {
  if (header === null) return null;
  if (/^\d{1,9}$/.test(header.trim())) return Number(header);
  const atMs = Date.parse(header);
  return Number.isNaN(atMs) ? null : Math.max(0, Math.ceil((atMs - nowMs) / 1_000));
}

/** What yahoo-finance2 threw about an answer with status 200. */
export function failureOfLibrary(thrown: unknown): YahooFailure {
  if (thrown instanceof YahooFailure) return thrown;
  const message = thrown instanceof Error ? thrown.message : String(thrown);
  const options = { cause: thrown };
  if (/no data found|may be delisted|no fundamentals data found/i.test(message)) {
    return new YahooFailure("not_found", `Yahoo says: ${excerpt(message)}`, options);
  }
  if (thrown instanceof Error && thrown.name === "BadRequestError") {
    return new YahooFailure("bad_request", `Yahoo says: ${excerpt(message)}`, options);
  }
  return new YahooFailure(
    "bad_answer",
    `Yahoo's answer can't be read: ${excerpt(message)}`,
    options,
  );
}

/** The failure of fetching `thing` of `symbols`, as the caller of a capability sees it. */
export function toAppError(
  failure: YahooFailure,
  thing: string,
  symbols: readonly string[],
): AppError {
  const { code, message, retryAfterSeconds } = failure;
  const name = shown(symbols.join(", "));
  return new AppError(
    code,
    `Cannot fetch ${thing} of "${name}": ${message}; ${advice(failure)}`,
    code === "rate_limited"
      ? { details: { retry_after_seconds: retryAfterSeconds }, cause: failure }
      : { cause: failure },
  );
}

function advice({ code, retryAfterSeconds }: YahooFailure): string {
  switch (code) {
    case "rate_limited":
      return retryAfterSeconds === null
        ? "ask again later, and less often"
        : `ask again in ${retryAfterSeconds} s`;
    case "unauthorized":
      return "it refuses a new cookie too: ask again later, or use another market source";
    case "not_found":
      return "check the symbol";
    case "bad_request":
      return "check the symbol and the period";
    case "source_down":
      return "ask again later";
    case "bad_answer":
      return "ask again later; if it stays, Yahoo has changed its answers";
  }
}
