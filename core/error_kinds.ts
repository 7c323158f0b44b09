/**
 * The kinds of failure. A code says what happened, in the words of its domain; its kind says what
 * that means to whoever asked. The control plane and the CLI map kinds alone, so a domain can have
 * a new code without their knowing.
 */

export const errorKinds = [
  /** What was sent has not the form that is asked for. */
  "malformed",
  /** It has the form, but can't be taken. */
  "unprocessable",
  /** A setting or the surroundings must change first. */
  "misconfigured",
  "unauthenticated",
  "unknown",
  /** It contradicts what is there. */
  "conflict",
  /** It was tried, and did not succeed. */
  "failed",
  /** Another took it over, or it was cut off. */
  "lost",
  "cancelled",
  /** An agent or a source failed. */
  "upstream",
  "timeout",
  /** It can't be done now. */
  "unavailable",
  /** Too much waits already. */
  "overloaded",
  /** No daemon answers. */
  "unreachable",
  /** A fault of 100AC itself. */
  "internal",
] as const;

export type ErrorKind = (typeof errorKinds)[number];
