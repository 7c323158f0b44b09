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
    await this.#store.commit([{ kind: "drop_expired_values", atMs: this.#now() }]);
  }

  async #get(input: unknown, owner: string): Promise<CacheAnswer> {
    const { key } = GetInput.parse(input);
    const atMs = this.#now();
    const value = await this.#store.read({ read: "cached_value", owner, key, atMs });
    return value === undefined ? { hit: false } : { hit: true, value: JSON.parse(value) };
  }

  async #set(input: unknown, owner: string, ttlMax = ttlMsMax): Promise<Record<string, never>> {
    const { key, value, ttl_ms } = SetInput.parse(input);
    const atMs = this.#now();
    const expiresAtMs = atMs + Math.min(ttl_ms, ttlMax);
    await this.#store.commit([
      { kind: "save_cached_value", owner, key, value, atMs, expiresAtMs },
    ]);
    await this.#bound(owner, value.length);
    return {};
  }

  /** Counts a value that was set, and evicts when it may be one too many. */
  async #bound(owner: string, length: number): Promise<void> {
    const { entriesMax, lengthMax } = this.#bounds;
    const use = await (this.#uses.get(owner) ?? this.#measure(owner));
    use.entries++;
    use.length += length;
    if (use.entries <= entriesMax && use.length <= lengthMax) return;
    const exact = await this.#measure(owner);
    if (exact.entries <= entriesMax && exact.length <= lengthMax) return;
    this.#evictions++;
    await this.#store.commit([{
      kind: "evict_cached_values",
      owner,
      entriesMax: Math.floor(entriesMax * keptShare),
      lengthMax: Math.floor(lengthMax * keptShare),
    }]);
    await this.#measure(owner);
  }

  #measure(owner: string): Promise<Use> {
    const measured = this.#store.read({ read: "cache_use", owner })
      .then((use): Use => ({ ...use }));
    // a failed count is made anew by the next
    measured.catch(() => this.#uses.delete(owner));
    this.#uses.set(owner, measured);
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
