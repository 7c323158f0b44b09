/** What `collections_process.ts` keeps, and what of it must be found. */

import { z } from "zod";
import { type CollectionManifest } from "../../core/host/manifest/collections.ts";
import { readManifest } from "../../core/host/manifest/manifest.ts";

const schema = z.object({ place: z.int(), round: z.int(), text: z.string() });
const batchLength = 40;

/** One keeps what values were, one does not. */
export const keptNames = ["versions", "values"] as const;

export const keptDeclarations: readonly CollectionManifest[] = readManifest({
  id: "keeper",
  description: "Keeps batches",
  capabilities: {},
  collections: {
    versions: { key: ["place"], schema, history: true },
    values: { key: ["place"], schema },
  },
}, "keeper.ts").collections;

/** Every value of a round. */
export function batchOf(round: number): readonly z.output<typeof schema>[] {
  return Array.from({ length: batchLength }, (_, place) => (
    { place, round, text: "x".repeat(round % 100) }
  ));
}
