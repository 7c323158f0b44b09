/** SQL of the agents' cached values. */

import type {
  DropExpiredValues,
  EvictCachedValues,
  SaveCachedValue,
} from "../../operations/cache.ts";
import { longIn, longText } from "../columns.ts";
import type { Kind } from "../kind.ts";

export const saveCachedValue: Kind<SaveCachedValue> = {
  kind: "save_cached_value",
  key: ({ owner, key }) => `${owner}/${key}`,
  parts: longIn("value"),
  sql: `INSERT INTO agent_cache (agent_id, cache_key, value, created_at, expires_at)
    SELECT value ->> 'owner', value ->> 'key', ${longText("value")}, value ->> 'atMs',
      value ->> 'expiresAtMs'
    FROM json_each(?1) WHERE true
    ON CONFLICT DO UPDATE SET value = excluded.value, created_at = excluded.created_at,
      expires_at = excluded.expires_at
    RETURNING agent_id || '/' || cache_key AS key`,
};

export const dropExpiredValues: Kind<DropExpiredValues> = {
  kind: "drop_expired_values",
  key: () => "",
  sql: `DELETE FROM agent_cache
    WHERE expires_at <= (SELECT max(value ->> 'atMs') FROM json_each(?1))
    RETURNING '' AS key`,
};

export const evictCachedValues: Kind<EvictCachedValues> = {
  kind: "evict_cached_values",
  key: ({ owner }) => owner,
  sql: `DELETE FROM agent_cache WHERE (agent_id, cache_key) IN (
      SELECT agent_id, cache_key FROM (
        SELECT agent_id, cache_key, bounds.entries, bounds.bytes,
          row_number() OVER newest AS place,
          sum(octet_length(agent_cache.value)) OVER newest AS used
        FROM (SELECT value ->> 'owner' AS owner, max(value ->> 'entriesMax') AS entries,
            max(value ->> 'bytesMax') AS bytes FROM json_each(?1) GROUP BY 1) AS bounds
          JOIN agent_cache ON agent_cache.agent_id = bounds.owner
        WINDOW newest AS (PARTITION BY agent_id ORDER BY created_at DESC, cache_key))
      WHERE place > entries OR used > bytes)
    RETURNING agent_id AS key`,
};
