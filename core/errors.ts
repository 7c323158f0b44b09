/**
 * The one error class of 100AC. Every refusal and failure, in any thread, is an {@link AppError}
 * with a code from the closed union below. Callers branch on the code; people read the message.
 *
 * Message form: `Cannot <verb> <thing> "<name>": <what was found>; <what to do>`.
 */

import type { ErrorKind } from "./error_kinds.ts";
import { busErrors } from "./bus/error_codes.ts";
import { collectionErrors } from "./collections/error_codes.ts";
import { engineErrors } from "./engine/error_codes.ts";
import { hostErrors } from "./host/error_codes.ts";
import { httpErrors } from "./http/error_codes.ts";
import { marketErrors } from "./market/error_codes.ts";
import { scheduleErrors } from "./schedule/error_codes.ts";
import { sdkErrors } from "./sdk/error_codes.ts";
import { storeErrors } from "./store/error_codes.ts";
import { workflowErrors } from "./workflow/error_codes.ts";

/** The kind of every code. Each domain's codes are defined in its own folder. */
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
  ...marketErrors,
  ...scheduleErrors,
  ...sdkErrors,
  ...storeErrors,
  ...workflowErrors,
} as const satisfies Readonly<Record<string, ErrorKind>>;

/** Every error code, as a closed union. */
export type ErrorCode = keyof typeof kindOf;

export const errorCodes = Object.keys(kindOf) as readonly ErrorCode[];

const knownCodes: ReadonlySet<string> = new Set(errorCodes);

/** An error as plain data, the form in which it crosses threads, HTTP and the store. */
export interface ErrorData {
  readonly code: ErrorCode;
  readonly message: string;
  /** Plain JSON for programs: the list of problems, the requested address, … */
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

/**
 * Converts any thrown value to plain data; values other than an AppError get the code `fallback`.
 */
export function toErrorData(thrown: unknown, fallback: ErrorCode = "internal"): ErrorData {
  const message = messageOf(thrown);
  if (!(thrown instanceof AppError)) return { code: fallback, message };
  // Agents also create AppErrors, and in plain JavaScript the code may be any value.
  const code = isErrorCode(thrown.code) ? thrown.code : fallback;
  const { details } = thrown;
  return details === undefined ? { code, message } : { code, message, details };
}

/** Converts plain data back to an AppError. */
export function fromErrorData(data: ErrorData): AppError {
  return new AppError(data.code, data.message, { details: data.details });
}

/** The text of any thrown value, even one whose properties throw when read. */
export function messageOf(thrown: unknown): string {
  try {
    return String(thrown instanceof Error ? thrown.message : thrown);
  } catch {
    return "the thrown value cannot be shown";
  }
}

export function isErrorCode(value: unknown): value is ErrorCode {
  return typeof value === "string" && knownCodes.has(value);
}

/** Whether a value from outside has the form of an error. */
export function isErrorData(value: unknown): value is ErrorData {
  if (typeof value !== "object" || value === null) return false;
  const { code, message } = value as Partial<Record<keyof ErrorData, unknown>>;
  return isErrorCode(code) && typeof message === "string";
}

/** Ends a switch over a union: TypeScript rejects the call while a case is missing. */
export function unreachable(value: never): never {
  throw new Error(`unreachable value: ${JSON.stringify(value)}`);
}
