/**
 * Converts a manifest's JSON Schema to a zod schema, to check what people write before anything
 * runs: params of steps, values of configuration. The host's own zod is the authority. This check
 * may accept what the host refuses, but never refuses what the host accepts.
 */

import { z } from "zod";

/** JSON Schema. */
export type JsonSchema = Readonly<Record<string, unknown>>;

/** The schema without constraints on the form of text; undefined if zod can't read it. */
export function looseSchema(input: JsonSchema): z.ZodType | undefined {
  try {
    return z.fromJSONSchema(loosened(input) as z.core.JSONSchema.JSONSchema);
  } catch (_unreadable) {
    // zod throws plain errors for unknown keywords; the host still checks
    return undefined;
  }
}

/** Keywords whose value is a schema, a list of schemas, or schemas by name. */
const inner = new Set(["items", "prefixItems", "additionalProperties", "allOf", "anyOf"]);
const innerByName = new Set(["properties", "$defs", "definitions"]);
/**
 * A plugin's regular expression can block the daemon's thread for seconds. A `format` is stricter
 * in zod than the pattern beside it. The other keywords, once these are dropped from the schemas
 * inside them, would refuse values that the host accepts.
 */
const dropped = new Set([
  ...["pattern", "patternProperties", "propertyNames", "format"],
  ...["not", "if", "then", "else", "contains", "dependentSchemas"],
]);

/** The schema without the dropped keywords: it accepts everything that it did before. */
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
