/**
 * What splits and dividends make of prices. Pure.
 *
 * Three forms of a price: as it was traded; with later splits taken out, which is what bars hold;
 * and with dividends taken out too, the adjusted close. Factors are those of the Center for
 * Research in Security Prices (CRSP, "Data Definitions: Factor to Adjust Prices"), which Yahoo
 * uses as well: a dividend D takes the factor 1 - D / C from every close before its ex-date, C
 * being the close of the session before it.
 */

import type { Bar, MarketEvent } from "100ac";

/** Bars (oldest first, splits taken out) with the adjusted closes that `events` make of them. */
export function withAdjustedCloses(bars: readonly Bar[], events: readonly MarketEvent[]): Bar[] {
  const dividends = events.filter(({ kind }) => kind === "dividend")
    .toSorted((a, b) => a.date < b.date ? 1 : -1);
  const adjusted: Bar[] = [];
  let factor = 1;
  let next = 0;
  for (const bar of bars.toReversed()) {
    for (; (dividends[next]?.date ?? "") > bar.date; next++) {
      const amount = dividends[next]?.amount ?? 0;
      // one that is after the last bar changes none of them yet
      if (adjusted.length > 0 && amount < bar.close) factor *= 1 - amount / bar.close;
    }
    adjusted.push({ ...bar, adjusted_close: bar.close * factor });
  }
  return adjusted.reverse();
}

/** Bars as they were traded: later splits put back in. */
export function asTraded(bars: readonly Bar[], events: readonly MarketEvent[]): Bar[] {
  return scaled(bars, events, (ratio) => ratio);
}

/** Bars as they were traded, with later splits taken out. */
export function splitAdjusted(bars: readonly Bar[], events: readonly MarketEvent[]): Bar[] {
  return scaled(bars, events, (ratio) => 1 / ratio);
}

/** New shares for one old one; 1 for what is no split. */
export function splitRatio({ kind, numerator, denominator }: MarketEvent): number {
  return kind === "split" ? (numerator ?? 1) / (denominator ?? 1) : 1;
}

function scaled(
  bars: readonly Bar[],
  events: readonly MarketEvent[],
  factorOf: (ratio: number) => number,
): Bar[] {
  const splits = events.filter(({ kind }) => kind === "split");
  if (splits.length === 0) return [...bars];
  return bars.map((bar) => {
    const ratio = splits.filter(({ date }) => date > bar.date)
      .reduce((product, split) => product * splitRatio(split), 1);
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
