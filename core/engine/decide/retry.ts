/** When a failed step is tried again. Pure: jitter is derived from a seed. */

import type { ErrorCode } from "../../errors.ts";
import type { RetryPolicy } from "../../workflow/definition.ts";

export interface Failure {
  /** Failures so far, this one included. */
  readonly failures: number;
  readonly code: ErrorCode;
  readonly atMs: number;
}

/**
 * The instant of the next attempt after a failure; undefined when the policy allows no more.
 * `jitter` is the part by which the wait may be shortened; the same seed gives the same jitter.
 */
export function nextAttemptAtMs(
  { attemptsMax, backoffMs, factor, backoffMsMax, jitter, on }: RetryPolicy,
  { failures, code, atMs }: Failure,
  seed: string,
): number | undefined {
  // An expression fails the same way every time.
  if (failures >= attemptsMax || code === "expression_failed") return undefined;
  if (on && !on.includes(code)) return undefined;
  const waitMs = Math.min(backoffMs * factor ** (failures - 1), backoffMsMax);
  return atMs + Math.round(waitMs * (1 - jitter * chance(`${seed}/${failures}`)));
}

/** A number from 0 to below 1, uniform over texts (FNV-1a, then mixed as in MurmurHash3). */
function chance(text: string): number {
  let hash = 0x811c9dc5;
  for (let i = 0; i < text.length; i++) {
    hash = Math.imul(hash ^ text.charCodeAt(i), 0x01000193);
  }
  hash = Math.imul(hash ^ (hash >>> 16), 0x85ebca6b);
  hash = Math.imul(hash ^ (hash >>> 13), 0xc2b2ae35);
  return ((hash ^ (hash >>> 16)) >>> 0) / 2 ** 32;
}
