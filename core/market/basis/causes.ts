/** Explains by news of splits why an answer differs from the stored bars. Pure. */

import type { MarketEvent } from "../../sdk/market.ts";
import { splitRatio } from "../../sdk/splits.ts";
import type { StoredEvent } from "../../store/reads/market.ts";
import { type Drift, isNear } from "./drift.ts";
import { beginMs } from "./slots.ts";

export interface SplitNews {
  /** The splits of the answer. */
  readonly told: readonly MarketEvent[];
  /** Stored splits that the answer no longer has. */
  readonly withdrawn: readonly StoredEvent[];
  /** All stored splits. */
  readonly known: readonly StoredEvent[];
}

/**
 * `always`: the stored bars were never right, because a split became known only after they were
 * stored; `now`: they were right until a split changed or was withdrawn. Undefined: nothing
 * explains the drift. A bar that was stored before a split's date cannot have been adjusted by it,
 * so then the answer is wrong.
 */
export function causeOf(
  drift: Drift,
  { told, withdrawn, known }: SplitNews,
): "always" | "now" | undefined {
  const mayExplain = ({ date }: { readonly date: string }): boolean =>
    date > drift.lastDate && drift.firstRecordedAtMs >= beginMs(date);
  const storedOf = ({ date }: MarketEvent): StoredEvent | undefined =>
    known.find((split) => split.date === date);
  const recent = told.filter(mayExplain);
  const learned = recent.filter((split) => {
    const before = storedOf(split);
    return before === undefined || before.recorded_at > drift.lastRecordedAtMs;
  });
  if (isProduct(drift.ratio, learned.map(splitRatio))) return "always";
  const changed = recent.flatMap((split) => {
    const before = storedOf(split);
    return before === undefined ? [] : [splitRatio(split) / ratioOf(before)];
  });
  const gone = withdrawn.filter(mayExplain).map((split) => 1 / ratioOf(split));
  return isProduct(drift.ratio, [...changed, ...gone]) ? "now" : undefined;
}

/** Splits of one symbol that become known between two answers. */
const factorsMax = 8;

/** Whether a ratio is the product of some of the factors. */
export function isProduct(ratio: number, all: readonly number[]): boolean {
  const factors = all.filter((factor) => factor !== 1).slice(-factorsMax);
  const products = factors.reduce(
    (found, factor) => [...found, ...found.map((product) => product * factor)],
    [1],
  );
  return products.slice(1).some((product) => isNear(product, ratio));
}

function ratioOf({ event_kind: kind, numerator, denominator }: StoredEvent): number {
  return splitRatio({ kind, numerator, denominator });
}
