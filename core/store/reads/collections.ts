/** What is read of collections. A key is the text that sorts as its parts do. */

export interface StoredCollection {
  readonly collectionId: number;
  readonly agentId: string;
  readonly name: string;
  /** JSON. */
  readonly keyParts: string;
  readonly lastVersion: number;
  /** Of all versions together. */
  readonly values: number;
  readonly bytes: number;
  readonly misfits: number;
  readonly schemaHash: string;
  readonly completeFromMs: number;
}

/** The newest version of a key, which may say that the value was deleted. */
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
  /** The version that a read as of the intended instant shows, and whether it is this value. */
  readonly shown:
    | { readonly version: number; readonly publicAtMs: number; readonly isSame: boolean }
    | undefined;
}

/** What a read may know; without an instant, all. */
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
  /** Keys from the first on, before the second. */
  readonly fromKey: string;
  readonly beforeKey: string;
  readonly descending: boolean;
  readonly limit: number;
  /** Of the values: the one that reaches it is the last. */
  readonly bytesMax: number;
}

export interface CollectionPage {
  readonly entries: readonly CollectionEntry[];
  /** The last key that was looked at; undefined: there is nothing after it. */
  readonly lastKey: string | undefined;
}

/** What was written, or replaced, before an instant, as far as the limit. */
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
  /** One for each that is intended, in their order. */
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
