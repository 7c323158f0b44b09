/** Finds splits that a source gives twice. Pure. */

import type { MarketEvent } from "../../sdk/market.ts";
import { splitRatio } from "../../sdk/splits.ts";

/** Two splits of one ratio within this time are one that was given twice. */
const twiceMsMax = 7 * 86_400_000;

export type Split = Pick<MarketEvent, "kind" | "date" | "numerator" | "denominator">;

/** Another split of the same ratio and nearly the same date. */
export function twinOf(
  split: Split,
  events: readonly Split[],
): Split | undefined {
  return events.find((other) =>
    other.kind === "split" && other.date !== split.date &&
    splitRatio(other) === splitRatio(split) &&
    Math.abs(Date.parse(other.date) - Date.parse(split.date)) <= twiceMsMax
  );
}
