/** Turns a draft into operations of the store. Pure. */

import type {
  ChangeCollection,
  CollectionOperation,
  VersionTuple,
} from "../store/operations/collections.ts";
import type { StoredCollection } from "../store/reads/collections.ts";
import type { Draft } from "./draft.ts";

export interface Change {
  readonly change: ChangeCollection;
  readonly others: readonly CollectionOperation[];
}

export function operationsOf(
  draft: Draft,
  { collectionId, lastVersion }: StoredCollection,
  changeId: string,
): Change {
  const { nowMs, history } = draft.options;
  const all = [...draft.drafts];
  const replaced = all.filter(([, { isHeld, next }]) => isHeld && next !== undefined);
  const kept = history ? replaced.map(([key]) => key) : [];
  const dropped = replaced.filter(([, { next }]) => next === "dropped").map(([key]) => key);
  const put = all.flatMap(([, { next }]): VersionTuple[] =>
    next === undefined || next === "dropped" ? [] : [next]
  );
  const added = all.flatMap(([, { versions }]) => versions);
  const of = { collectionId, changeId };
  const atMs = nowMs;
  const others: CollectionOperation[] = [];
  if (kept.length > 0) {
    others.push({ kind: "keep_collection_values", ...of, keys: kept, atMs });
  }
  if (dropped.length > 0) others.push({ kind: "drop_collection_values", ...of, keys: dropped });
  if (put.length > 0) others.push({ kind: "put_collection_values", ...of, rows: put, atMs });
  if (added.length > 0) {
    others.push({ kind: "add_collection_versions", ...of, rows: added, atMs });
  }
  const change: ChangeCollection = {
    kind: "change_collection",
    ...of,
    fromVersion: lastVersion,
    toVersion: draft.lastVersion,
    values: draft.values,
    bytes: draft.bytes,
    misfits: draft.misfits,
    completeFromMs: draft.hasForgotten ? nowMs : null,
    schemaHash: null,
  };
  return { change, others };
}
