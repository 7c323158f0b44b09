/**
 * A manifest's JSON Schema as a schema of zod, for checking what people write before anything runs:
 * params of steps, values of configuration. The host's own zod is the authority: this check may let
 * through what the host refuses, never the other way round.
 */

import { z } from "zod";

/** JSON Schema. */
export type JsonSchema = Readonly<Record<string, unknown>>;

/** The schema without what text must look like; undefined for one that zod can't read. */
export function looseSchema(input: JsonSchema): z.ZodType | undefined {
  try {
    return z.fromJSONSchema(loosened(input) as z.core.JSONSchema.JSONSchema);
  } catch (_unreadable) {
    // zod throws plain errors for keywords it doesn't know; the host still checks
    return undefined;
  }
}

/** Keywords whose value is a schema, a list of schemas, or schemas by name. */
const inner = new Set(["items", "prefixItems", "additionalProperties", "allOf", "anyOf"]);
const innerByName = new Set(["properties", "$defs", "definitions"]);
/**
 * A plugin's regular expression can hold up the thread that evaluates it for seconds, and the
 * daemon's thread routes messages; a `format` is stricter in zod than in the pattern beside it.
 * Without them, the other keywords would refuse what the host takes.
 */
const dropped = new Set([
  ...["pattern", "patternProperties", "propertyNames", "format"],
  ...["not", "if", "then", "else", "contains", "dependentSchemas"],
]);

/** The schema with keywords taken out: whatever fitted it before still does. */
function loosened(schema: unknown): unknown {
  if (Array.isArray(schema)) return schema.map(loosened);
  if (!isObject(schema)) return schema;
  const { oneOf, ...rest } = schema;
  const kept = Object.entries(oneOf === undefined ? rest : { anyOf: oneOf, ...rest })
    .filter(([keyword]) =>
      !dropped.has(keyword) &&
      !(keyword === "additionalProperties" && schema["patternProperties"] !== undefined)
    );
  return Object.fromEntries(kept.map(([keyword, value]) => {
    if (inner.has(keyword)) return [keyword, loosened(value)];
    if (!innerByName.has(keyword) || !isObject(value)) return [keyword, value];
    const byName = Object.entries(value).map(([name, each]) => [name, loosened(each)]);
    return [keyword, Object.fromEntries(byName)];
  }));
}

function isObject(value: unknown): value is Readonly<Record<string, unknown>> {
  return typeof value === "object" && value !== null && !Array.isArray(value);
}
