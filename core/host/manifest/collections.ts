/** The collections that a manifest declares, and the check of their form. */

import { z } from "zod";
import type { CollectionDefinition } from "../../sdk/collections.ts";

export interface CollectionManifest {
  readonly name: string;
  /** The fields that form a value's key. */
  readonly key: readonly string[];
  /** JSON Schema of a value. */
  readonly schema: Readonly<Record<string, unknown>>;
  readonly history: boolean;
  /** Days that values are kept; null keeps them forever. */
  readonly retainDays: number | null;
}

const collectionsMax = 50;
const keyPartsMax = 8;

/** The form of a declaration. The caller passes the check of `schema`. */
export function collectionForm(
  name: z.ZodString,
  schema: z.ZodType<z.ZodObject>,
): z.ZodType {
  return z.record(
    name,
    z.strictObject({
      key: z.array(z.string()).min(1, "must name at least one field of the schema")
        .max(keyPartsMax, `must name at most ${keyPartsMax} fields`),
      schema,
      history: z.boolean().optional(),
      retain: z.string().regex(/^[1-9]\d{0,4}d$/, 'must be a number of days, such as "90d"')
        .optional(),
    }),
  ).refine(
    (all) => Object.keys(all).length <= collectionsMax,
    `must hold at most ${collectionsMax} collections`,
  );
}

export const CollectionRead: z.ZodType = z.object({
  name: z.string(),
  key: z.array(z.string()).min(1),
  schema: z.record(z.string(), z.unknown()),
  history: z.boolean(),
  retainDays: z.number().nullable(),
});

/** A declaration in plain JSON; adds problems of its key to `problems`. */
export function toCollectionManifest(
  name: string,
  { key, schema, history = false, retain }: CollectionDefinition,
  convert: (schema: z.ZodType, io: "input" | "output", at: string) => Record<string, unknown>,
  problems: string[],
): CollectionManifest {
  const at = `collections.${name}`;
  // Stored values are read with the same schema, so it must be plain JSON in both directions. The
  // input side is kept: a stored value that lacks a field with a default still fits.
  const found = problems.length;
  const kept = convert(schema, "output", `${at}.schema`);
  const isJson = problems.length === found;
  const json = isJson ? convert(schema, "input", `${at}.schema`) : {};
  const fields = (kept["properties"] ?? {}) as Readonly<Record<string, FieldSchema | undefined>>;
  const required = (kept["required"] ?? []) as readonly string[];
  for (const part of isJson ? key : []) {
    const field = fields[part];
    if (!field || !required.includes(part)) {
      problems.push(`${at}.key: "${part}" must be a required field of the schema`);
    } else if (!isKeyPart(field)) {
      problems.push(`${at}.key: "${part}" must be a text or a number`);
    }
  }
  if (new Set(key).size < key.length) problems.push(`${at}.key: names a field twice`);
  const retainDays = retain === undefined ? null : Number.parseInt(retain);
  return { name, key: [...key], schema: json, history, retainDays };
}

interface FieldSchema {
  readonly type?: unknown;
  readonly enum?: readonly unknown[];
  readonly const?: unknown;
}

function isKeyPart({ type, enum: choices, const: only }: FieldSchema): boolean {
  if (type === "string" || type === "number" || type === "integer") return true;
  const given = choices ?? (only === undefined ? [] : [only]);
  return given.length > 0 &&
    given.every((one) => typeof one === "string" || typeof one === "number");
}
