/** Finds bars that differ from the stored ones as a split makes them differ. Pure. */

import type { Bar } from "../../sdk/market.ts";
import type { KnownBar } from "../../store/reads/bars.ts";

/** Consecutive bars that differ from the stored ones by one ratio. */
export interface Drift {
  /** New closes divided by the stored ones. */
  readonly ratio: number;
  /** The date of the last of them. */
  readonly lastDate: string;
  /** When they were recorded, the first and the last of them. */
  readonly firstRecordedAtMs: number;
  readonly lastRecordedAtMs: number;
  /** Whether bars before them agree. */
  readonly afterSame: boolean;
}

export interface Pair {
  readonly bar: Bar;
  readonly known: KnownBar;
}

/** A source that rounds to cents differs by less. */
const sameMax = 0.005;
/** How well the ratios of one drift agree. */
const agreement = 0.02;
/** More steps than splits can have made. */
const driftsMax = 8;

/** The drifts of an answer against the stored bars, earliest first; none when they agree. */
export function driftsOf(pairs: readonly Pair[]): readonly Drift[] {
  const runs: { ratio: number; pairs: Pair[] }[] = [];
  for (const pair of pairs) {
    const exact = pair.bar.close / pair.known.close;
    const ratio = !(exact > 0) || Math.abs(exact - 1) <= sameMax ? 1 : exact;
    const last = runs.at(-1);
    if (last !== undefined && isNear(ratio, last.ratio)) last.pairs.push(pair);
    else runs.push({ ratio, pairs: [pair] });
  }
  const firstSame = runs.findIndex(({ ratio }) => ratio === 1);
  const drifts = runs.flatMap((run, index) =>
    run.ratio === 1 ? [] : [{ ...run, afterSame: firstSame >= 0 && firstSame < index }]
  );
  if (drifts.length > driftsMax) return [];
  return drifts.map(({ ratio, pairs, afterSame }) => ({
    afterSame,
    ratio,
    lastDate: pairs.at(-1)?.bar.date ?? "",
    firstRecordedAtMs: pairs.reduce((at, { known }) => Math.min(at, known.recorded_at), Infinity),
    lastRecordedAtMs: pairs.reduce((at, { known }) => Math.max(at, known.recorded_at), 0),
  }));
}

/** Whether two ratios are one. */
export function isNear(a: number, b: number): boolean {
  return Math.abs(a / b - 1) <= agreement;
}
