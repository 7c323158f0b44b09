/** Reads of the agents' cached values. */

export interface CacheUse {
  readonly entries: number;
  /** Of JSON in UTF-8, all values together. */
  readonly bytes: number;
}

export interface CacheReads {
  /** The value as JSON; undefined if it has expired at `atMs`. */
  cached_value(ask: { owner: string; key: string; atMs: number }): string | undefined;
  cache_use(ask: { owner: string }): CacheUse;
}
