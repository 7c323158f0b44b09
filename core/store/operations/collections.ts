/**
 * Changes to collections. A change is decided from an earlier read and takes effect only if the
 * collection has not changed since. It consists of one {@link ChangeCollection} and, in the same
 * commit, the operations that name its `changeId`. If the first takes no effect, neither do the
 * others.
 */

/** A version recorded now. Its value is JSON, or null for a deletion. */
export type VersionTuple = readonly [
  key: string,
  version: number,
  publicAtMs: number,
  firstSeenLate: 0 | 1,
  bytes: number,
  value: string | null,
];

/** Creates the collection's row unless it exists. */
export interface OpenCollection {
  readonly kind: "open_collection";
  readonly agentId: string;
  readonly name: string;
  /** JSON. */
  readonly keyParts: string;
  readonly schemaHash: string;
}

export interface ChangeCollection {
  readonly kind: "change_collection";
  readonly collectionId: number;
  /** Unique for each change. */
  readonly changeId: string;
  /** The last version before the change, and the higher one after it. */
  readonly fromVersion: number;
  readonly toVersion: number;
  /** Differences to add to the counts. */
  readonly values: number;
  readonly bytes: number;
  readonly misfits: number;
  /** The history is complete from this instant on; null leaves it unchanged. */
  readonly completeFromMs: number | null;
  /** The schema that all values have now been checked against; null leaves it unchanged. */
  readonly schemaHash: string | null;
}

interface OfChange {
  readonly collectionId: number;
  readonly changeId: string;
}

/** Copies current values to the history before they are replaced or dropped. */
export interface KeepValues extends OfChange {
  readonly kind: "keep_collection_values";
  readonly keys: readonly string[];
  readonly atMs: number;
}

export interface DropValues extends OfChange {
  readonly kind: "drop_collection_values";
  readonly keys: readonly string[];
}

export interface PutValues extends OfChange {
  readonly kind: "put_collection_values";
  readonly rows: readonly VersionTuple[];
  readonly atMs: number;
}

/** Adds versions to the history only, because a newer version supersedes them at once. */
export interface AddVersions extends OfChange {
  readonly kind: "add_collection_versions";
  readonly rows: readonly VersionTuple[];
  readonly atMs: number;
}

export interface DropVersions extends OfChange {
  readonly kind: "drop_collection_versions";
  readonly rows: readonly (readonly [key: string, publicAtMs: number, version: number])[];
}

/** Inverts the misfit mark of current values, after a check against a changed schema. */
export interface TurnMisfits extends OfChange {
  readonly kind: "turn_collection_misfits";
  readonly keys: readonly string[];
}

export type CollectionOperation =
  | OpenCollection
  | ChangeCollection
  | KeepValues
  | DropValues
  | PutValues
  | AddVersions
  | DropVersions
  | TurnMisfits;
