/** Sources asked one after the other, until one answers. */

import { AppError, z } from "100ac";
import { isUnhealthy } from "./policy.ts";

/** Ids of the source agents, in the order in which they are asked: a field of a configuration. */
export const SourceIds = z.array(z.string()).min(1).default(["yahoo"])
  .meta({ env: "AC100_MARKET_DATA", lists: "sources" });

/** A failure after which another source may do better: all that a source itself says. */
export function isOfSource(thrown: unknown): thrown is AppError {
  return isUnhealthy(thrown) ||
    (thrown instanceof AppError && (thrown.code === "not_found" || thrown.code === "bad_request"));
}

/**
 * The answer of the first source that gives one.
 * @throws what the sources failed with: a failure that may pass, where there is one, else the last.
 */
export async function firstAnswer<Answer>(
  sources: readonly string[],
  ask: (source: string) => Promise<Answer>,
): Promise<Answer> {
  const failures: AppError[] = [];
  for (const source of sources) {
    try {
      return await ask(source);
    } catch (thrown) {
      if (!isOfSource(thrown)) throw thrown;
      failures.push(thrown);
    }
  }
  throw failures.find(isUnhealthy) ?? failures.at(-1) ??
    new AppError(
      "source_down",
      `Cannot ask source "": there is none; name one in AC100_MARKET_DATA`,
    );
}
