/** The errors of the bus, and every failure in the form in which it travels. */

import { AppError, type ErrorData, messageOf, toErrorData } from "../errors.ts";
import { bodyMax } from "./bulk.ts";

/** Characters of an event's body. Events reach every thread, so large data belongs in the store. */
export const eventBodyMax = 64 * 1024;
/** Characters kept of a failure's message, and of its details. */
const failureTextMax = 16 * 1024;

/** A thrown value in a form that can travel: shortened, details replaced if they are not JSON. */
export function failureOf(thrown: unknown): ErrorData {
  const { code, message, details } = toErrorData(thrown, "agent_error");
  const { length } = message;
  const error = length <= failureTextMax
    ? { code, message }
    : { code, message: `${message.slice(0, failureTextMax)}… (${length} characters)` };
  try {
    const text = JSON.stringify(details) as string | undefined;
    if (text === undefined) return error;
    if (text.length > failureTextMax) return { ...error, details: { characters: text.length } };
    return { ...error, details: JSON.parse(text) as unknown };
  } catch (notJson) {
    return { ...error, details: { not_json: messageOf(notJson) } };
  }
}

/** The reason a caller's signal was aborted with: its own request's deadline or cancel. */
export function abortError(signal: AbortSignal | undefined, address: string): AppError {
  if (signal?.reason instanceof AppError) return signal.reason;
  return new AppError("cancelled", `Cannot finish request "${address}": its caller cancelled it`);
}

export function closing(): AppError {
  return new AppError("cancelled", "Cannot finish the request: the bus is closing");
}

/** The error of a request that was not answered in time. */
export function deadlineExceeded(address: string, timeoutMs: number): AppError {
  return new AppError(
    "deadline_exceeded",
    `Cannot finish request "${address}": no answer within ${timeoutMs / 1_000} s; ` +
      `raise its timeout or look at the agent's log`,
    { details: { address, timeout_ms: timeoutMs } },
  );
}

export function overloaded(address: string, open: number): AppError {
  return new AppError(
    "overloaded",
    `Cannot send request "${address}": ${open} requests are open; try again later`,
  );
}

export function eventsOverloaded(topic: string): AppError {
  return new AppError(
    "overloaded",
    `Cannot publish "${topic}": too many events in a short time; publish fewer, or later`,
  );
}

export function notLabel(what: string, label: unknown): AppError {
  const found = typeof label === "string" ? `${label.length} characters` : typeof label;
  return new AppError("bad_request", `Cannot ${what}: its name is too long or no text (${found})`);
}

export function inputTooLarge(address: string, { length }: string): AppError {
  return new AppError(
    "invalid_input",
    `Cannot send request "${address}": its input has ${length} characters, over ${bodyMax}`,
  );
}

export function outputTooLarge(address: string, { length }: string): AppError {
  return new AppError(
    "invalid_output",
    `Cannot finish request "${address}": its output has ${length} characters, over ${bodyMax}`,
  );
}

export function eventTooLarge(topic: string, { length }: string): AppError {
  return new AppError(
    "bad_request",
    `Cannot publish "${topic}": its body has ${length} characters, over ${eventBodyMax}; ` +
      `store the data and publish where it is`,
  );
}
