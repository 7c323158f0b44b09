/** Fills a store with bars, by SQL: some 90 bytes of database for each. */

import type { SqliteStore } from "../../core/store/sqlite/store.ts";

/** Adds bars with the numbers `from` to below `to`. */
export async function fillBars(store: SqliteStore, from: number, to: number): Promise<void> {
  await store.database.script(
    `INSERT INTO bars (source, symbol, interval, slot, start_at, date, open, high, low, close,
       volume, currency, ends_at, public_at, recorded_at)
     SELECT 'fill', 'S' || (i / 2500), '1d', i, i * 86400000, '2026-01-01', i * 0.37, i * 0.39,
       i * 0.36, i * 0.38, i * 17, 'USD', 1, 1, 1
     FROM (WITH RECURSIVE n (i) AS (SELECT ${from} UNION ALL SELECT i + 1 FROM n WHERE i < ${
      to - 1
    })
       SELECT i FROM n)`,
  );
}
