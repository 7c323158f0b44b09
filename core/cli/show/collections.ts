/** An agent's collections for people. */

import type { CollectionView } from "../../http/agents_api.ts";
import type { Look } from "./look.ts";
import { table } from "./table.ts";
import { countText, megabytesText } from "./units.ts";

/** One row per collection; the last column holds remarks. */
export function collectionsTable(collections: readonly CollectionView[], look: Look): string {
  const rows = collections.map((collection) => [
    collection.name,
    collection.key.join(", "),
    String(collection.values),
    megabytesText(collection.bytes),
    noteOf(collection),
  ]);
  return table(["Collection", "Key", "Values", "Size", "Note"], rows, look);
}

function noteOf(collection: CollectionView): string {
  const { declared, misfits, checked, history, retain_days: days } = collection;
  if (!declared) return "orphaned: the manifest no longer declares this name and key";
  const notes = [
    misfits > 0 ? `${countText(misfits, "value")} not matching the schema` : "",
    checked ? "" : "being checked against the changed schema",
    history ? "history" : "",
    days === null ? "" : `retain ${days}d`,
  ];
  return notes.filter((note) => note !== "").join(", ");
}
