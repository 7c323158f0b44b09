/**
 * Values that the daemon caches for agents until they expire; each agent sees only its own. Serves
 * `cache.get` and `cache.set` on the bus and counts hits by agent.
 *
 * Each agent's cache is bounded in entries and bytes. Beyond either bound, the oldest tenth is
 * evicted. The daemon keeps an upper estimate of both and counts exactly only when the estimate
 * exceeds a bound.
 *
 * As of an earlier instant, an agent uses a separate cache for that instant: values of one instant
 * are visible neither at another nor now.
 */

import { Buffer } from "node:buffer";
import { z } from "zod";
import type { Store } from "../store/store.ts";

const keyLengthMax = 512;
const valueLengthMax = 1_000_000;
const ttlMsMax = 30 * 24 * 60 * 60 * 1_000;
/** Short, because there may be many instants, and the requests for each come close together. */
const pastTtlMsMax = 60 * 60 * 1_000;

/** The database stores neither NUL nor lone surrogates: two keys could become one. */
const Key = z.string().min(1).max(keyLengthMax).refine(
  (key) => key.isWellFormed() && !key.includes("\0"),
  { message: "contains a NUL or is not valid Unicode" },
);
/** Any JSON value, converted to text. */
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
  /** Per agent. */
  readonly entriesMax: number;
  /** The values of one agent, as JSON in UTF-8. */
  readonly bytesMax: number;
}

const boundsDefault: CacheBounds = { entriesMax: 10_000, bytesMax: 64_000_000 };
/** The share that an eviction keeps, so that the next value does not evict again. */
const keptShare = 0.9;

/** An upper estimate of an agent's use; replaced and expired values may lower the real one. */
interface Use {
  entries: number;
  bytes: number;
}

export class Cache {
  readonly #store: Store;
  readonly #now: () => number;
  readonly #bounds: CacheBounds;
  readonly #counts = new Map<string, { hits: number; misses: number }>();
  readonly #uses = new Map<string, Promise<Use>>();
  /** Evictions in progress, by owner. */
  readonly #evicting = new Map<string, Promise<void>>();
  #evictions = 0;

  constructor(store: Store, now: () => number = Date.now, bounds: CacheBounds = boundsDefault) {
    this.#store = store;
    this.#now = now;
    this.#bounds = bounds;
  }

  /** How many times values were evicted before they expired. */
  get evictions(): number {
    return this.#evictions;
  }

  /** All agents together. */
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

  /** The same as of an earlier instant, in that instant's cache; hits are not counted. */
  readonly pastCapabilities = {
    get: (input: unknown, agent: string, asOfMs: number): Promise<CacheAnswer> =>
      this.#get(input, ownerAt(agent, asOfMs)),
    set: (input: unknown, agent: string, asOfMs: number): Promise<Record<string, never>> =>
      this.#set(input, ownerAt(agent, asOfMs), pastTtlMsMax),
  };

  /** Deletes expired values; the daemon calls it periodically. */
  async sweep(): Promise<void> {
    // Owners of past instants come and go, so the map must not grow.
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
    await this.#bound(owner, Buffer.byteLength(value));
    return {};
  }

  /** Counts a new value, and evicts if a bound is exceeded. */
  async #bound(owner: string, bytes: number): Promise<void> {
    const use = await (this.#uses.get(owner) ?? this.#measure(owner));
    use.entries++;
    use.bytes += bytes;
    if (!this.#exceeds(use)) return;
    // Values that come meanwhile wait for the same eviction.
    const evicting = this.#evicting.get(owner) ?? this.#evict(owner);
    this.#evicting.set(owner, evicting);
    await evicting.finally(() => this.#evicting.delete(owner));
  }

  /** Evicts if the exact use exceeds a bound. */
  async #evict(owner: string): Promise<void> {
    const { entriesMax, bytesMax } = this.#bounds;
    if (!this.#exceeds(await this.#measure(owner))) return;
    this.#evictions++;
    await this.#store.commit([{
      kind: "evict_cached_values",
      owner,
      entriesMax: Math.floor(entriesMax * keptShare),
      bytesMax: Math.floor(bytesMax * keptShare),
    }]);
    await this.#measure(owner);
  }

  #exceeds({ entries, bytes }: Use): boolean {
    return entries > this.#bounds.entriesMax || bytes > this.#bounds.bytesMax;
  }

  #measure(owner: string): Promise<Use> {
    const measured = this.#store.read({ read: "cache_use", owner })
      .then((use): Use => ({ ...use }));
    // after a failure, the next call counts again
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

/** The owner of an agent's values as of an earlier instant. Agent ids contain no `@`. */
function ownerAt(agent: string, asOfMs: number): string {
  return `${agent}@${asOfMs}`;
}
