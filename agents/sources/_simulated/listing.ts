/** Which shares the simulated market knows: every well-formed symbol but a few. Pure. */

import { hashText, mix, uniform } from "./random.ts";

/** A share of the simulated market, and what its price is made of. */
export interface Listing {
  readonly symbol: string;
  readonly name: string;
  /** Close on {@link anchorDate}, in USD. */
  readonly price: number;
  readonly sharesOutstanding: number;
  /** Units on an ordinary day. */
  readonly dailyVolume: number;
  /** Standard deviation of a day's return. */
  readonly volatility: number;
  /** Key of everything random about it. */
  readonly key: number;
}

/** The day on which well-known shares have the prices written below. */
export const anchorDate = "2026-01-16";

/** Symbols that begin so are unknown, `MISSING` or `MISSING1`: to see what happens then. */
const missingPrefix = "MISSING";

/** The share of a symbol in the market of a seed; undefined for an unknown one. */
export function listingOf(symbol: string, seed: number): Listing | undefined {
  if (symbol.startsWith(missingPrefix)) return undefined;
  const key = mix(hashText(symbol), seed);
  const known = wellKnown[symbol];
  const [name, price, millionShares, volatility] = known ?? inventedListing(symbol, key);
  return {
    symbol,
    // the name tells it too, where a page or a table shows no source
    name: `${name} (simulated)`,
    price,
    sharesOutstanding: millionShares * 1_000_000,
    dailyVolume: Math.round(millionShares * (2_000 + 4_000 * uniform(mix(key, 4)))),
    volatility,
    key,
  };
}

type Facts = readonly [name: string, price: number, millionShares: number, volatility: number];

/** A map with no prototype, so that no symbol finds a method of Object. */
const wellKnown: Readonly<Record<string, Facts>> = Object.assign(
  Object.create(null),
  {
    AAPL: ["Apple Inc.", 258.71, 14_700, 0.016],
    AMZN: ["Amazon.com, Inc.", 239.12, 10_690, 0.019],
    GOOGL: ["Alphabet Inc.", 333.35, 12_090, 0.018],
    JPM: ["JPMorgan Chase & Co.", 312.47, 2_720, 0.014],
    META: ["Meta Platforms, Inc.", 620.25, 2_520, 0.022],
    MSFT: ["Microsoft Corporation", 457.26, 7_430, 0.014],
    NVDA: ["NVIDIA Corporation", 188.88, 24_300, 0.026],
    QQQ: ["Invesco QQQ Trust", 621.26, 650, 0.012],
    SPY: ["SPDR S&P 500 ETF Trust", 691.66, 1_040, 0.01],
    TSLA: ["Tesla, Inc.", 442.15, 3_330, 0.032],
  } satisfies Record<string, Facts>,
);

function inventedListing(symbol: string, key: number): Facts {
  const cheapness = uniform(mix(key, 1));
  return [
    symbol,
    // many small prices and few large ones, 8 to 408
    Math.round(100 * (8 + 400 * cheapness * cheapness)) / 100,
    Math.round(50 + 1_950 * uniform(mix(key, 2))),
    0.01 + 0.02 * uniform(mix(key, 3)),
  ];
}
