/**
 * The one error of 100AC. Everything that is refused or fails, in any thread, is an
 * {@link AppError} with a code of the closed union below; the code is what callers branch on,
 * the message is what people read.
 *
 * Message form: `Cannot <verb> <thing> "<name>": <what was found>; <what to do>`.
 */

export const errorCodes = [
  // what was asked for is wrong
  "invalid_input",
  "expression_failed",
  "invalid_workflow",
  "invalid_manifest",
  "invalid_config",
  "unauthenticated",
  "unknown_agent",
  "unknown_capability",
  "unknown_workflow",
  "unknown_execution",
  "unknown_step",
  "unknown_schedule",
  "unknown_route",
  "conflict",
  // an agent or the way to it failed
  "agent_unavailable",
  "agent_error",
  "invalid_output",
  "host_gone",
  "host_wedged",
  "budget_exceeded",
  "deadline_exceeded",
  "cancelled",
  "overloaded",
  // a market source failed
  "rate_limited",
  "unauthorized",
  "not_found",
  "bad_request",
  "source_down",
  "bad_answer",
  // the daemon itself can't
  "already_running",
  "port_taken",
  "store_unavailable",
  "lease_lost",
  "interrupted",
  "not_reachable",
  "internal",
] as const;

/** Every way something can fail, as a closed union. */
export type ErrorCode = (typeof errorCodes)[number];

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
