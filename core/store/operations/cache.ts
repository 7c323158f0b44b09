/**
 * Values that agents cache until they expire. An owner is an agent, at the present or as of an
 * instant.
 */

export interface SaveCachedValue {
  readonly kind: "save_cached_value";
  readonly owner: string;
  readonly key: string;
  /** JSON. */
  readonly value: string;
  readonly atMs: number;
  readonly expiresAtMs: number;
}

export interface DropExpiredValues {
  readonly kind: "drop_expired_values";
  readonly atMs: number;
}

/** Keeps the newest values of an owner, up to `entriesMax` values and `bytesMax` in total. */
export interface EvictCachedValues {
  readonly kind: "evict_cached_values";
  readonly owner: string;
  readonly entriesMax: number;
  /** Of JSON in UTF-8. */
  readonly bytesMax: number;
}

export type CacheOperation = SaveCachedValue | DropExpiredValues | EvictCachedValues;
