/** Finds answers whose prices cannot be what their events say. Pure. */

import type { Bar, MarketEvent } from "../../sdk/market.ts";
import { splitRatio } from "../../sdk/splits.ts";
import { type Split, twinOf } from "./twin_splits.ts";

/** Smaller splits cannot be told from a day's change. */
const clearRatio = Math.log(1.25);

/**
 * Why split-adjusted prices cannot be adjusted by the splits that came with them; undefined when
 * they can. `earlier` are known splits from before the first bar.
 */
export function contradiction(
  bars: readonly Bar[],
  splits: readonly MarketEvent[],
  { earlier, isCompared }: {
    readonly earlier: readonly Split[];
    /** Whether stored bars show what the answer is adjusted by. */
    readonly isCompared: boolean;
  },
): string | undefined {
  const lastDate = bars.at(-1)?.date ?? "";
  for (const split of splits) {
    if (split.date > lastDate && !isCompared) {
      return `it has no bar since the split of ${split.date} that shows whether it is reflected`;
    }
    const ratio = splitRatio(split);
    const twin = twinOf(split, [...splits, ...earlier]);
    if (twin !== undefined) return `it has the same split on ${split.date} and on ${twin.date}`;
    if (Math.abs(Math.log(ratio)) < clearRatio) continue;
    const after = bars.findIndex(({ date }) => date >= split.date);
    const [before, first] = [bars[after - 1], bars[after]];
    if (before === undefined || first === undefined) continue;
    if (daysBetween(before.date, first.date) > 10) continue;
    const jump = Math.log(first.open / before.close);
    if (Math.abs(jump + Math.log(ratio)) < Math.abs(jump)) {
      return `its prices do not reflect the split of ${split.date}`;
    }
  }
  return undefined;
}

function daysBetween(a: string, b: string): number {
  return Math.abs(Date.parse(a) - Date.parse(b)) / 86_400_000;
}
