/** The quotes that are stored of some symbols, as they were known at an instant. */

import { z } from "zod";
import { MarketSymbol, Quote, SourceName } from "../sdk/market.ts";
import type { Store } from "../store/store.ts";

const symbolsMax = 200;

export const GetQuotes = z.strictObject({
  source: SourceName,
  symbols: z.array(MarketSymbol).max(symbolsMax),
});

/** The newest of each symbol; those alone that have one. */
export async function storedQuotes(
  { database }: Store,
  { source, symbols }: z.output<typeof GetQuotes>,
  asOfMs: number,
): Promise<Quote[]> {
  const rows = await database.read(
    `SELECT * FROM (
       SELECT *, row_number() OVER (PARTITION BY symbol ORDER BY as_of DESC) AS place
       FROM quotes WHERE source = ?1 AND symbol IN (SELECT value FROM json_each(?2))
         AND as_of <= ?3 AND recorded_at <= ?3)
     WHERE place = 1 ORDER BY symbol`,
    [source, JSON.stringify(symbols), asOfMs],
  );
  return rows.map(({ as_of, ...quote }) =>
    Quote.parse({ ...quote, as_of: new Date(Number(as_of)).toISOString() })
  );
}
