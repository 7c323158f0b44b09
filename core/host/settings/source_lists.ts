/** Configuration fields that list market sources, in the order in which they are asked. */

import { suggestion } from "../../yaml/wording.ts";
import type { Manifest } from "../manifest/manifest.ts";
import type { Field } from "./settle.ts";

/** By source id: whether it is simulated; undefined when its file cannot be read now. */
export type KnownSources = ReadonlyMap<string, boolean | undefined>;

export function sourcesAmong(manifests: readonly Manifest[]): Map<string, boolean | undefined> {
  return new Map(
    manifests.flatMap(({ id, source, simulated }) =>
      source === null ? [] : [[id, simulated] as const]
    ),
  );
}

/** The problem of a field's list; undefined when it has none or the field lists no sources. */
export function sourceProblem(
  { lists, value }: Pick<Field, "lists" | "value">,
  known: KnownSources,
): string | undefined {
  if (lists !== "sources" || !Array.isArray(value)) return undefined;
  const unknown = value.find((id) => !known.has(id));
  if (unknown !== undefined) {
    return `names "${unknown}", which is not a market source` +
      suggestion(String(unknown), [...known.keys()].sort());
  }
  const simulated = value.find((id) => known.get(id));
  if (value.length > 1 && simulated !== undefined) {
    return `names ${simulated} next to other sources; simulated prices must not replace real ones`;
  }
  return new Set(value).size < value.length ? "names a source twice" : undefined;
}
