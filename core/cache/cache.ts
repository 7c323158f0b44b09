/**
 * Values that agents keep in the daemon, each agent its own, until they expire. Serves
 * `cache.get` and `cache.set` on the bus and counts hits by agent.
 */

import { z } from "zod";
import { type Verb, write } from "../store/commits.ts";
import type { Store } from "../store/store.ts";

const keyLengthMax = 512;
const valueLengthMax = 1_000_000;
const ttlMsMax = 30 * 24 * 60 * 60 * 1_000;

/** The database keeps no NUL and no half of a surrogate pair: two keys could become one. */
const Key = z.string().min(1).max(keyLengthMax).refine(
  (key) => key.isWellFormed() && !key.includes("\0"),
  { message: "holds a NUL, or is no Unicode text" },
);
/** Any JSON value, as its text. */
const Value = z.unknown().transform((value) => JSON.stringify(value)).pipe(
  z.string({ error: "is missing" }).max(valueLengthMax),
);
const GetInput = z.strictObject({ key: Key });
const SetInput = z.strictObject({
  key: Key,
  value: Value,
  ttl_ms: z.number().positive().max(ttlMsMax).transform(Math.ceil),
});

const saveValue: Verb<
  { agent_id: string; key: string; value: string; at: number; expires: number }
> = {
  name: "save_cache_value",
  order: 80,
  key: ({ agent_id, key }) => `${agent_id}/${key}`,
  sql: `INSERT INTO agent_cache (agent_id, cache_key, value, created_at, expires_at)
    SELECT value ->> 'agent_id', value ->> 'key', value ->> 'value', value ->> 'at',
      value ->> 'expires'
    FROM json_each(?1) WHERE true
    ON CONFLICT DO UPDATE SET value = excluded.value, created_at = excluded.created_at,
      expires_at = excluded.expires_at
    RETURNING agent_id || '/' || cache_key AS key`,
};

const dropExpired: Verb<{ at: number }> = {
  name: "drop_expired_cache_values",
  order: 81,
  key: ({ at }) => String(at),
  sql: `DELETE FROM agent_cache
    WHERE expires_at <= (SELECT max(value ->> 'at') FROM json_each(?1))
    RETURNING agent_id AS key`,
};

export interface CacheCounts {
  readonly hits: number;
  readonly misses: number;
}

export class Cache {
  readonly #store: Store;
  readonly #now: () => number;
  readonly #counts = new Map<string, { hits: number; misses: number }>();

  constructor(store: Store, now: () => number = Date.now) {
    this.#store = store;
    this.#now = now;
  }

  countsOf(agent: string): CacheCounts {
    return this.#counts.get(agent) ?? { hits: 0, misses: 0 };
  }

  /** The capabilities served on the bus, by name. Input is unchecked JSON. */
  readonly capabilities = {
    get: async (input: unknown, agent: string): Promise<{ hit: boolean; value?: unknown }> => {
      const { key } = GetInput.parse(input);
      const [row] = await this.#store.database.read(
        "SELECT value FROM agent_cache WHERE agent_id = ? AND cache_key = ? AND expires_at > ?",
        [agent, key, this.#now()],
      );
      this.#count(agent, row ? "hits" : "misses");
      return row ? { hit: true, value: JSON.parse(String(row.value)) as unknown } : { hit: false };
    },
    set: async (input: unknown, agent: string): Promise<Record<string, never>> => {
      const { key, value, ttl_ms } = SetInput.parse(input);
      const at = this.#now();
      const expires = at + ttl_ms;
      await this.#store.commits.commit([
        write(saveValue, { agent_id: agent, key, value, at, expires }),
      ]);
      return {};
    },
  };

  /** Forgets what has expired; called now and then by the daemon. */
  async sweep(): Promise<void> {
    await this.#store.commits.commit([write(dropExpired, { at: this.#now() })]);
  }

  #count(agent: string, outcome: "hits" | "misses"): void {
    const counts = this.#counts.get(agent) ?? { hits: 0, misses: 0 };
    counts[outcome]++;
    this.#counts.set(agent, counts);
  }
}
