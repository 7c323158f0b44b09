/** Converts bars between the traded and the split-adjusted basis. Pure. */

import type { Bar, MarketEvent } from "./market.ts";

/** New shares for one old one; 1 for an event that is not a split. */
export function splitRatio(
  { kind, numerator, denominator }: Pick<MarketEvent, "kind" | "numerator" | "denominator">,
): number {
  return kind === "split" ? (numerator ?? 1) / (denominator ?? 1) : 1;
}

/** Bars as traded, from bars that the splits in `events` were taken out of; oldest first. */
export function asTraded(bars: readonly Bar[], events: readonly MarketEvent[]): readonly Bar[] {
  return scaled(bars, events, (ratio) => ratio);
}

/** Traded bars with the splits in `events` taken out; oldest first. */
export function splitAdjusted(
  bars: readonly Bar[],
  events: readonly MarketEvent[],
): readonly Bar[] {
  return scaled(bars, events, (ratio) => 1 / ratio);
}

/** The product of the ratios of splits after a date. */
export function ratioAfter(date: string, events: readonly MarketEvent[]): number {
  return events.reduce((ratio, event) => event.date > date ? ratio * splitRatio(event) : ratio, 1);
}

function scaled(
  bars: readonly Bar[],
  events: readonly MarketEvent[],
  factorOf: (ratio: number) => number,
): readonly Bar[] {
  const splits = events.filter(({ kind }) => kind === "split");
  if (splits.length === 0) return bars;
  return bars.map((bar) => {
    const ratio = ratioAfter(bar.date, splits);
    if (ratio === 1) return bar;
    const factor = factorOf(ratio);
    return {
      ...bar,
      open: bar.open * factor,
      high: bar.high * factor,
      low: bar.low * factor,
      close: bar.close * factor,
      volume: bar.volume === null ? null : bar.volume / factor,
    };
  });
}
