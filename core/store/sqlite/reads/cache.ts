/** SQL for reads of the agents' cached values. */

import type { CacheReads } from "../../reads/cache.ts";
import type { SqlReads } from "../sql_reads.ts";

export const cacheReads: SqlReads<keyof CacheReads> = {
  cached_value: async ({ quick }, { owner, key, atMs }) => {
    const [row] = await quick(
      "SELECT value FROM agent_cache WHERE agent_id = ? AND cache_key = ? AND expires_at > ?",
      [owner, key, atMs],
    );
    return row && String(row.value);
  },
  cache_use: async ({ quick }, { owner }) => {
    const [row] = await quick(
      `SELECT count(*) AS entries, coalesce(sum(octet_length(value)), 0) AS bytes
       FROM agent_cache WHERE agent_id = ?`,
      [owner],
    );
    return { entries: Number(row?.entries), bytes: Number(row?.bytes) };
  },
};
