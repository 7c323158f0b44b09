/**
 * The one error of 100AC. Everything that is refused or fails, in any thread, is an
 * {@link AppError} with a code of the closed union below; the code is what callers branch on,
 * the message is what people read.
 *
 * Message form: `Cannot <verb> <thing> "<name>": <what was found>; <what to do>`.
 */

import type { ErrorKind } from "./error_kinds.ts";
import { busErrors } from "./bus/error_codes.ts";
import { collectionErrors } from "./collections/error_codes.ts";
import { engineErrors } from "./engine/error_codes.ts";
import { hostErrors } from "./host/error_codes.ts";
import { httpErrors } from "./http/error_codes.ts";
import { scheduleErrors } from "./schedule/error_codes.ts";
import { sdkErrors } from "./sdk/error_codes.ts";
import { storeErrors } from "./store/error_codes.ts";
import { workflowErrors } from "./workflow/error_codes.ts";

/** The kind of every code. A domain's codes stand with the domain. */
export const kindOf = {
  invalid_input: "malformed",
  invalid_config: "misconfigured",
  conflict: "conflict",
  internal: "internal",
  ...busErrors,
  ...collectionErrors,
  ...engineErrors,
  ...hostErrors,
  ...httpErrors,
  ...scheduleErrors,
  ...sdkErrors,
  ...storeErrors,
  ...workflowErrors,
} as const satisfies Readonly<Record<string, ErrorKind>>;

/** Every way something can fail, as a closed union. */
export type ErrorCode = keyof typeof kindOf;

export const errorCodes = Object.keys(kindOf) as readonly ErrorCode[];

const knownCodes: ReadonlySet<string> = new Set(errorCodes);

/** An error as plain data: how errors cross threads, HTTP and the store. */
export interface ErrorData {
  readonly code: ErrorCode;
  readonly message: string;
  /** Plain JSON, for programs: the list of problems, the address that was asked for, … */
  readonly details?: unknown;
}

export class AppError extends Error {
  override readonly name = "AppError";
  readonly code: ErrorCode;
  readonly details: unknown;

  constructor(
    code: ErrorCode,
    message: string,
    options: { readonly details?: unknown; readonly cause?: unknown } = {},
  ) {
    super(message, options.cause === undefined ? undefined : { cause: options.cause });
    this.code = code;
    this.details = options.details;
  }
}

/** Any thrown value as plain data; what is no AppError gets `fallback` as its code. */
export function toErrorData(thrown: unknown, fallback: ErrorCode = "internal"): ErrorData {
  const message = messageOf(thrown);
  if (!(thrown instanceof AppError)) return { code: fallback, message };
  // Agents make them too, and in plain JavaScript a code may be anything.
  const code = isErrorCode(thrown.code) ? thrown.code : fallback;
  const { details } = thrown;
  return details === undefined ? { code, message } : { code, message, details };
}

/** The AppError that plain data stands for. */
export function fromErrorData(data: ErrorData): AppError {
  return new AppError(data.code, data.message, { details: data.details });
}

/** The text of any thrown value, even of one that throws when it is looked at. */
export function messageOf(thrown: unknown): string {
  try {
    return String(thrown instanceof Error ? thrown.message : thrown);
  } catch {
    return "what was thrown can't be shown";
  }
}

export function isErrorCode(value: unknown): value is ErrorCode {
  return typeof value === "string" && knownCodes.has(value);
}

/** Whether something that came from elsewhere has the form of an error. */
export function isErrorData(value: unknown): value is ErrorData {
  if (typeof value !== "object" || value === null) return false;
  const { code, message } = value as Partial<Record<keyof ErrorData, unknown>>;
  return isErrorCode(code) && typeof message === "string";
}

/** Ends a switch over a union: a value that reaches it is a case that nobody wrote. */
export function unreachable(value: never): never {
  throw new Error(`unreachable value: ${JSON.stringify(value)}`);
}
