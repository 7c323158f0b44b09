/** When a failed step is tried again. Pure. */

import type { RetryPolicy } from "../workflow/definition.ts";

/** The longest wait between two attempts. */
const backoffMsMax = 60 * 60 * 1_000;

/**
 * The instant of the next attempt after `failures` failed ones, the last at `failedAtMs`;
 * undefined when the policy allows no more.
 */
export function nextAttemptAtMs(
  policy: RetryPolicy,
  failures: number,
  failedAtMs: number,
): number | undefined {
  if (failures >= policy.attemptsMax) return undefined;
  return failedAtMs + Math.min(policy.backoffMs * 2 ** (failures - 1), backoffMsMax);
}
