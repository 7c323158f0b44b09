/** The policies of the sources there are: what each may be asked, and how patiently. */

import { type PolicyOptions, SourcePolicy } from "./policy.ts";

/** A source on this machine: no limits but those that keep a mistake from hurting. */
export function localPolicy(source: string): SourcePolicy {
  return new SourcePolicy({
    source,
    budget: { burst: 1_000, perSecond: 1_000 },
    waitMsMax: 5_000,
    timeoutMs: 10_000,
    attemptsMax: 1,
    backoffMs: 0,
    breaker: { failuresMax: 20, openMs: 1_000 },
    staleMsMax: 0,
    staleEntriesMax: 0,
  });
}

/**
 * Yahoo tells no limits. What its users meet: some 2,000 requests an hour from one address pass,
 * bursts of a hundred do, more is answered with 429.
 */
export function yahooPolicy(
  timeoutMs: number,
  changes: Partial<PolicyOptions> = {},
): SourcePolicy {
  return new SourcePolicy({
    source: "yahoo",
    budget: { burst: 100, perSecond: 10 },
    waitMsMax: 5_000,
    // an attempt may have to get a cookie and a crumb first; each exchange keeps the limit itself
    timeoutMs: 3 * timeoutMs,
    attemptsMax: 3,
    backoffMs: 500,
    breaker: { failuresMax: 10, openMs: 10_000 },
    staleMsMax: 86_400_000,
    staleEntriesMax: 200,
    ...changes,
  });
}
