/** Reads of the agents' cached values. */

export interface CacheUse {
  readonly entries: number;
  /** Characters of JSON, all values together. */
  readonly length: number;
}

export interface CacheReads {
  /** The value as JSON; undefined if it has expired at `atMs`. */
  cached_value(ask: { owner: string; key: string; atMs: number }): string | undefined;
  cache_use(ask: { owner: string }): CacheUse;
}
