/** How old an answer is, as every quote, history and list of events says it. Pure. */

import type { Answered } from "./policy.ts";

/** The answer came now. */
export const fresh = { stale: false, age_seconds: 0 } as const;

/** What an answer of the policy says of its age. */
export function freshnessOf(
  { stale, ageMs }: Pick<Answered<unknown>, "stale" | "ageMs">,
): { readonly stale: boolean; readonly age_seconds: number } {
  return { stale, age_seconds: ageMs / 1_000 };
}
