/** Values that agents keep until they expire; an owner is an agent, now or at an instant. */

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

/** Leaves the newest values of an owner: so many, and of those as many as the length holds. */
export interface EvictCachedValues {
  readonly kind: "evict_cached_values";
  readonly owner: string;
  readonly entriesMax: number;
  /** In characters of JSON. */
  readonly lengthMax: number;
}

export type CacheOperation = SaveCachedValue | DropExpiredValues | EvictCachedValues;
