/**
 * The kinds of failure. A code says what happened, in the words of its domain; its kind says what
 * that means to the caller. The control plane and the CLI map only kinds, so a domain can add a
 * code without changing them.
 */

export const errorKinds = [
  /** The request does not have the required form. */
  "malformed",
  /** The request has the right form but cannot be accepted. */
  "unprocessable",
  /** A setting or the environment must change first. */
  "misconfigured",
  "unauthenticated",
  "unknown",
  /** The request contradicts the current state. */
  "conflict",
  /** It was tried and did not succeed. */
  "failed",
  /** Another daemon took the work over, or the connection broke. */
  "lost",
  "cancelled",
  /** An agent or a source failed. */
  "upstream",
  "timeout",
  /** It cannot be done now. */
  "unavailable",
  /** Too much is already waiting. */
  "overloaded",
  /** No daemon answers. */
  "unreachable",
  /** A bug in 100AC. */
  "internal",
] as const;

export type ErrorKind = (typeof errorKinds)[number];
