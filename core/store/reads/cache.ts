/** What is read of the values that agents keep. */

export interface CacheUse {
  readonly entries: number;
  /** Of all values together, in characters of JSON. */
  readonly length: number;
}

export interface CacheReads {
  /** The value as JSON, unless it has expired by then. */
  cached_value(ask: { owner: string; key: string; atMs: number }): string | undefined;
  cache_use(ask: { owner: string }): CacheUse;
}
