/**
 * Values that agents keep in the daemon, each agent its own, until they expire. Serves
 * `cache.get` and `cache.set` on the bus and counts hits by agent.
 *
 * What an agent keeps is bounded in entries and in characters: past either, the values that were
 * set first go, a tenth of the bound at once. The daemon remembers an upper limit of both, and
 * counts only when that is past the bound.
 *
 * As of an earlier instant an agent has another cache: what is kept at one instant is there at no
 * other, nor now.
 */

import { z } from "zod";
import { type Verb, write } from "../store/commits.ts";
import type { Store } from "../store/store.ts";

const keyLengthMax = 512;
const valueLengthMax = 1_000_000;
const ttlMsMax = 30 * 24 * 60 * 60 * 1_000;
/** There may be many instants, and each is asked about in one go. */
const pastTtlMsMax = 60 * 60 * 1_000;

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

/** Leaves the newest `keep` values of an agent, of those as many as `length` characters hold. */
const evictOldest: Verb<{ agent_id: string; keep: number; length: number }> = {
  name: "evict_cache_values",
  order: 82,
  key: ({ agent_id }) => agent_id,
  sql: `DELETE FROM agent_cache WHERE (agent_id, cache_key) IN (
      SELECT agent_id, cache_key FROM (
        SELECT agent_id, cache_key, bounds.keep, bounds.length,
          row_number() OVER newest AS place, sum(length(agent_cache.value)) OVER newest AS used
        FROM (SELECT value ->> 'agent_id' AS agent, max(value ->> 'keep') AS keep,
            max(value ->> 'length') AS length FROM json_each(?1) GROUP BY 1) AS bounds
          JOIN agent_cache ON agent_cache.agent_id = bounds.agent
        WINDOW newest AS (PARTITION BY agent_id ORDER BY created_at DESC, cache_key))
      WHERE place > keep OR used > length)
    RETURNING agent_id AS key`,
};

export interface CacheCounts {
  readonly hits: number;
  readonly misses: number;
}

interface CacheAnswer {
  readonly hit: boolean;
  readonly value?: unknown;
}

export interface CacheBounds {
  /** Of each agent. */
  readonly entriesMax: number;
  /** Of the values of each agent, in characters of JSON. */
  readonly lengthMax: number;
}

const boundsDefault: CacheBounds = { entriesMax: 10_000, lengthMax: 64_000_000 };
/** What is left by an eviction, so that not every value makes one. */
const keptShare = 0.9;

/** At most what an agent has; it may be less, by what was replaced or has expired. */
interface Use {
  entries: number;
  length: number;
}

export class Cache {
  readonly #store: Store;
  readonly #now: () => number;
  readonly #bounds: CacheBounds;
  readonly #counts = new Map<string, { hits: number; misses: number }>();
  readonly #uses = new Map<string, Promise<Use>>();
  #evictions = 0;

  constructor(store: Store, now: () => number = Date.now, bounds: CacheBounds = boundsDefault) {
    this.#store = store;
    this.#now = now;
    this.#bounds = bounds;
  }

  /** How many times values had to go before they expired. */
  get evictions(): number {
    return this.#evictions;
  }

  /** Of all agents together. */
  get counts(): CacheCounts {
    const all = [...this.#counts.values()];
    return {
      hits: all.reduce((sum, { hits }) => sum + hits, 0),
      misses: all.reduce((sum, { misses }) => sum + misses, 0),
    };
  }

  countsOf(agent: string): CacheCounts {
    return this.#counts.get(agent) ?? { hits: 0, misses: 0 };
  }

  /** The capabilities served on the bus, by name. Input is unchecked JSON. */
  readonly capabilities = {
    get: async (input: unknown, agent: string): Promise<CacheAnswer> => {
      const answer = await this.#get(input, agent);
      this.#count(agent, answer.hit ? "hits" : "misses");
      return answer;
    },
    set: (input: unknown, agent: string): Promise<Record<string, never>> => this.#set(input, agent),
  };

  /** The same as of an earlier instant, in a cache of that instant; it counts no hits. */
  readonly pastCapabilities = {
    get: (input: unknown, agent: string, asOfMs: number): Promise<CacheAnswer> =>
      this.#get(input, ownerAt(agent, asOfMs)),
    set: (input: unknown, agent: string, asOfMs: number): Promise<Record<string, never>> =>
      this.#set(input, ownerAt(agent, asOfMs), pastTtlMsMax),
  };

  /** Forgets what has expired; called now and then by the daemon. */
  async sweep(): Promise<void> {
    // Owners come and go with the instants that are asked about.
    this.#uses.clear();
    await this.#store.commits.commit([write(dropExpired, { at: this.#now() })]);
  }

  async #get(input: unknown, owner: string): Promise<CacheAnswer> {
    const { key } = GetInput.parse(input);
    const [row] = await this.#store.database.read(
      "SELECT value FROM agent_cache WHERE agent_id = ? AND cache_key = ? AND expires_at > ?",
      [owner, key, this.#now()],
    );
    return row ? { hit: true, value: JSON.parse(String(row.value)) as unknown } : { hit: false };
  }

  async #set(input: unknown, owner: string, ttlMax = ttlMsMax): Promise<Record<string, never>> {
    const { key, value, ttl_ms } = SetInput.parse(input);
    const at = this.#now();
    const expires = at + Math.min(ttl_ms, ttlMax);
    await this.#store.commits.commit([
      write(saveValue, { agent_id: owner, key, value, at, expires }),
    ]);
    await this.#bound(owner, value.length);
    return {};
  }

  /** Counts a value that was set, and evicts when it may be one too many. */
  async #bound(agent: string, length: number): Promise<void> {
    const { entriesMax, lengthMax } = this.#bounds;
    const use = await (this.#uses.get(agent) ?? this.#measure(agent));
    use.entries++;
    use.length += length;
    if (use.entries <= entriesMax && use.length <= lengthMax) return;
    const exact = await this.#measure(agent);
    if (exact.entries <= entriesMax && exact.length <= lengthMax) return;
    this.#evictions++;
    await this.#store.commits.commit([
      write(evictOldest, {
        agent_id: agent,
        keep: Math.floor(entriesMax * keptShare),
        length: Math.floor(lengthMax * keptShare),
      }),
    ]);
    await this.#measure(agent);
  }

  #measure(agent: string): Promise<Use> {
    const measured = this.#store.database.read(
      `SELECT count(*) AS entries, coalesce(sum(length(value)), 0) AS used
       FROM agent_cache WHERE agent_id = ?`,
      [agent],
    ).then(([row]) => ({ entries: Number(row?.entries), length: Number(row?.used) }));
    // a failed count is made anew by the next
    measured.catch(() => this.#uses.delete(agent));
    this.#uses.set(agent, measured);
    return measured;
  }

  #count(agent: string, outcome: "hits" | "misses"): void {
    const counts = this.#counts.get(agent) ?? { hits: 0, misses: 0 };
    counts[outcome]++;
    this.#counts.set(agent, counts);
  }
}

/** Whose values those of an agent are at an earlier instant. No agent has an `@` in its id. */
function ownerAt(agent: string, asOfMs: number): string {
  return `${agent}@${asOfMs}`;
}
