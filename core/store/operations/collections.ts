/**
 * What changes collections. A change is decided on what was read of the collection, and takes
 * effect only if nothing has changed there since: it is one {@link ChangeCollection}, and beside
 * it, in the same commit, the others that name its `changeId`. Where the first does not take
 * effect, the others do not either.
 */

/** A version of a value that is recorded now; its value is JSON, or null: it was deleted. */
export type VersionTuple = readonly [
  key: string,
  version: number,
  publicAtMs: number,
  firstSeenLate: 0 | 1,
  bytes: number,
  value: string | null,
];

/** Makes a collection's row, unless it is there. */
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
  /** Unlike that of any other change. */
  readonly changeId: string;
  /** The last version when it was decided, and after it, which is higher. */
  readonly fromVersion: number;
  readonly toVersion: number;
  /** What is added to the counts. */
  readonly values: number;
  readonly bytes: number;
  readonly misfits: number;
  /** All that was known from this instant on is still there; null: as before. */
  readonly completeFromMs: number | null;
  /** The schema that all values have been held to by now; null: as before. */
  readonly schemaHash: string | null;
}

interface OfChange {
  readonly collectionId: number;
  readonly changeId: string;
}

/** Copies values of now to the history: they are about to be replaced or dropped. */
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

/** Adds to the history alone what is superseded at once. */
export interface AddVersions extends OfChange {
  readonly kind: "add_collection_versions";
  readonly rows: readonly VersionTuple[];
  readonly atMs: number;
}

export interface DropVersions extends OfChange {
  readonly kind: "drop_collection_versions";
  readonly rows: readonly (readonly [key: string, publicAtMs: number, version: number])[];
}

/** Says of values of now that they fit the schema if they did not, and the other way round. */
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
