/**
 * The views of traded bars: as traded, with splits taken out, with splits and dividends taken out.
 * Pure.
 *
 * Factors are those of the Center for Research in Security Prices (CRSP, "Data Definitions: Factor
 * to Adjust Prices"), which Yahoo uses as well: a split of ratio R divides every price before its
 * date by R; a dividend D multiplies every close before its ex-date by 1 - D / C, where C is the
 * close of the session before, on the basis of the ex-date.
 */

import type { Bar, Prices } from "../../sdk/market.ts";
import { splitRatio } from "../../sdk/splits.ts";
import type { StoredBar } from "../../store/reads/bars.ts";
import type { StoredEvent } from "../../store/reads/market.ts";
import { perUnitOf } from "./currency_units.ts";

/** A factor that applies to all bars before a date. */
export interface Factor {
  readonly date: string;
  readonly factor: number;
}

export interface Factors {
  /** New shares for one old one; latest first. */
  readonly splits: readonly Factor[];
  /** 1 - D / C; latest first. Null: a dividend cannot be put beside the prices. */
  readonly dividends: readonly Factor[] | null;
}

/** The splits that are in force on a date, latest first. */
export function splitFactors(events: readonly StoredEvent[], today: string): Factor[] {
  return events.filter(({ event_kind, date }) => event_kind === "split" && date <= today)
    .map(({ event_kind: kind, ...split }) => ({
      date: split.date,
      factor: splitRatio({ ...split, kind }),
    }))
    .sort(latestFirst);
}

/**
 * The factors of dividends, latest first; null if one is in a currency that its prices are not in.
 * `closes` has the traded close before each dividend; null without a bar: then nothing is adjusted.
 */
export function dividendFactors(
  dividends: readonly StoredEvent[],
  closes: readonly (number | null)[],
  splits: readonly Factor[],
  currency: string | null,
): Factor[] | null {
  const factors: Factor[] = [];
  for (const [index, { date, amount, currency: paidIn }] of dividends.entries()) {
    const close = closes[index] ?? null;
    if (close === null || amount === null) continue;
    const units = perUnitOf(paidIn ?? currency, currency);
    if (units === undefined) return null;
    // the amount is per share of the ex-date, the close per share of the day before
    const ratio = splits.reduce((all, split) => split.date === date ? all * split.factor : all, 1);
    const paid = amount * units * ratio;
    if (paid < close) factors.push({ date, factor: 1 - paid / close });
  }
  return factors.sort(latestFirst);
}

/** Bars (oldest first, traded) as a view has them. */
export function viewOf(
  bars: readonly StoredBar[],
  prices: Prices,
  { splits, dividends }: Factors,
): Bar[] {
  const view = new Array<Bar>(bars.length);
  let [ratio, kept, nextSplit, nextDividend] = [1, 1, 0, 0];
  for (let index = bars.length - 1; index >= 0; index--) {
    const bar = bars[index];
    if (bar === undefined) continue;
    for (; (splits[nextSplit]?.date ?? "") > bar.date; nextSplit++) {
      ratio *= splits[nextSplit]?.factor ?? 1;
    }
    for (; (dividends?.[nextDividend]?.date ?? "") > bar.date; nextDividend++) {
      kept *= dividends?.[nextDividend]?.factor ?? 1;
    }
    const adjusted_close = dividends === null ? null : bar.close / ratio * kept;
    view[index] = prices === "traded" ? toBar(bar, 1, bar.volume, adjusted_close) : toBar(
      bar,
      prices === "adjusted" ? kept / ratio : 1 / ratio,
      bar.volume === null ? null : bar.volume * ratio,
      adjusted_close,
    );
  }
  return view;
}

/** Bars of a series that is kept on its source's basis, as they are stored. */
export function storedView(bars: readonly StoredBar[]): Bar[] {
  return bars.map((bar) => toBar(bar, 1, bar.volume, bar.adjusted_close));
}

/** Copies field by field: a rest pattern makes a page a tenth slower. */
function toBar(
  bar: StoredBar,
  factor: number,
  volume: number | null,
  adjusted_close: number | null,
): Bar {
  return {
    start: new Date(bar.start_at).toISOString(),
    date: bar.date,
    open: bar.open * factor,
    high: bar.high * factor,
    low: bar.low * factor,
    close: bar.close * factor,
    adjusted_close,
    volume,
  };
}

function latestFirst(a: Factor, b: Factor): number {
  return a.date < b.date ? 1 : -1;
}
