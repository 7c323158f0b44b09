/** Reads stored quotes of some symbols, as known at an instant. */

import { z } from "zod";
import { MarketSymbol, Quote, SourceName } from "../sdk/market.ts";
import type { Store } from "../store/store.ts";

const symbolsMax = 200;

export const GetQuotes = z.strictObject({
  source: SourceName,
  symbols: z.array(MarketSymbol).max(symbolsMax),
});

/** The newest quote of each symbol; symbols without one are omitted. */
export async function storedQuotes(
  store: Store,
  { source, symbols }: z.output<typeof GetQuotes>,
  knownAtMs: number,
): Promise<Quote[]> {
  const quotes = await store.read({ read: "newest_quotes", source, symbols, knownAtMs });
  return quotes.map(({ as_of, ...quote }) =>
    Quote.parse({ ...quote, as_of: new Date(as_of).toISOString() })
  );
}
