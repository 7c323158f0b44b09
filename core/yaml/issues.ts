/** Checks values against a schema and reports every issue at once, each with its path. */

import { z } from "zod";
import { issueText, shown, suggestion } from "./wording.ts";
import type { YamlPath } from "./tree.ts";
import type { Place } from "./tree.ts";

/** What is wrong with a value, and where. */
export interface Issue {
  readonly path: YamlPath;
  /** Whether the issue concerns the key or the value. */
  readonly place: "key" | "value";
  readonly message: string;
  /** A part of a text: an expression, and the position in it. */
  readonly within?: Place;
}

export type Validation<Value> =
  | { readonly value: Value }
  | { readonly issues: readonly Issue[] };

/** Checks `value`, called `subject` in the messages; reports every issue at once. */
export function validate<Schema extends z.ZodType>(
  schema: Schema,
  value: unknown,
  subject: string,
): Validation<z.output<Schema>> {
  // zod's issues name the unknown keys but not the known ones; the list's identity links the two
  const known = new WeakMap<readonly string[], readonly string[]>();
  const checked = schema.safeParse(value, {
    reportInput: true,
    error: (issue) => {
      if (issue.code === "unrecognized_keys") known.set(issue.keys, keysOf(issue.inst));
      return issueText(issue);
    },
  });
  if (checked.success) return { value: checked.data };
  return {
    issues: checked.error.issues.flatMap((issue): readonly Issue[] => {
      const path = standing(issue.path, value);
      const name = nameOf(path, subject);
      if (issue.code !== "unrecognized_keys") {
        const within = issue.code === "custom" ? issue.params?.["within"] as Place : undefined;
        const message = `${name} ${issue.message}`;
        return [{ path, place: "value", message, ...(within && { within }) }];
      }
      return issue.keys.map((key) => ({
        path: [...path, key],
        place: "key",
        message: `unknown key ${shown(key)} in ${name}${suggestion(key, known.get(issue.keys))}`,
      }));
    }),
  };
}

/** The path in the original value: a single item may have been read as a list of one. */
export function standing(path: readonly PropertyKey[], value: unknown): YamlPath {
  let inner = value;
  return path.flatMap((step) => {
    if (typeof step === "number" && !Array.isArray(inner)) return [];
    inner = (inner as Readonly<Record<PropertyKey, unknown>> | null | undefined)?.[step];
    return [typeof step === "symbol" ? String(step) : step];
  });
}

function nameOf(path: YamlPath, subject: string): string {
  const name = path.findLast((step) => typeof step === "string");
  const last = path.at(-1);
  const value = name === undefined ? subject : shown(name);
  return typeof last === "number" ? `item ${last + 1} of ${value}` : value;
}

function keysOf(schema: unknown): readonly string[] {
  return schema instanceof z.ZodObject ? Object.keys(schema.shape) : [];
}
