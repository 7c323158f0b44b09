/** Reads of collections. A key is encoded as text that sorts like its parts. */

export interface StoredCollection {
  readonly collectionId: number;
  readonly agentId: string;
  readonly name: string;
  /** JSON. */
  readonly keyParts: string;
  readonly lastVersion: number;
  /** The number of all versions. */
  readonly values: number;
  readonly bytes: number;
  readonly misfits: number;
  readonly schemaHash: string;
  readonly completeFromMs: number;
}

/** The newest version of a key, which may be a deletion. */
export interface CollectionHead {
  readonly version: number;
  readonly publicAtMs: number;
  readonly bytes: number;
  readonly isMisfit: boolean;
  readonly isDeleted: boolean;
}

/** A value about to be written; without an instant, it is public from now on. */
export type IntendedTuple = readonly [
  key: string,
  publicAtMs: number | null,
  value: string | null,
];

export interface CollectionState {
  readonly head: CollectionHead | undefined;
  /**
   * The version that a read as of the intended instant returns, and whether its value is the same.
   */
  readonly shown:
    | { readonly version: number; readonly publicAtMs: number; readonly isSame: boolean }
    | undefined;
}

/** Limits what a read may see; without an instant, it sees everything. */
export interface KnownBy {
  readonly asOfMs?: number | undefined;
  readonly recordedByMs?: number | undefined;
}

export interface CollectionEntry {
  readonly key: string;
  readonly version: number;
  readonly publicAtMs: number;
  readonly recordedAtMs: number;
  readonly firstSeenLate: boolean;
  readonly isMisfit: boolean;
  /** JSON. */
  readonly value: string;
}

export interface PageAsk extends KnownBy {
  readonly collectionId: number;
  /** Keys from `fromKey` up to but without `beforeKey`. */
  readonly fromKey: string;
  readonly beforeKey: string;
  readonly descending: boolean;
  readonly limit: number;
  /** Total size of the values; the value that reaches it is the last one. */
  readonly bytesMax: number;
}

export interface CollectionPage {
  readonly entries: readonly CollectionEntry[];
  /** The last key that was read; undefined when no keys remain. */
  readonly lastKey: string | undefined;
}

/** Versions that were written or replaced before an instant, up to the limit. */
export interface OldVersions {
  readonly values: readonly {
    readonly key: string;
    readonly bytes: number;
    readonly isMisfit: boolean;
  }[];
  readonly versions: readonly {
    readonly key: string;
    readonly publicAtMs: number;
    readonly version: number;
    readonly bytes: number;
  }[];
}

export interface CollectionReads {
  collections(): readonly StoredCollection[];
  /** One state for each intended value, in the same order. */
  collection_states(
    ask: {
      readonly collectionId: number;
      readonly history: boolean;
      readonly intended: readonly IntendedTuple[];
    },
  ): readonly CollectionState[];
  collection_entry(
    ask: KnownBy & { readonly collectionId: number; readonly key: string },
  ): CollectionEntry | undefined;
  collection_page(ask: PageAsk): CollectionPage;
  old_collection_versions(
    ask: { readonly collectionId: number; readonly beforeMs: number; readonly limit: number },
  ): OldVersions;
}
