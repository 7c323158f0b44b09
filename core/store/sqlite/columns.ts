/** Builds column lists for SQL and converts column values. */

import type { Part } from "./kind.ts";
import type { ReadRow } from "./reading.ts";

/** The named fields of a JSON row. */
export function fields(names: readonly string[]): string {
  return names.map((name) => `value ->> '${name}'`).join(", ");
}

/** The columns, qualified with the name that the SQL uses for their table. */
export function columnsOf(table: string, names: readonly string[]): string {
  return names.map((name) => `${table}.${name}`).join(", ");
}

/** Texts of fewer characters stay in their rows. */
export const longFrom = 16_384;

/** The parts of an operation whose `field` may be a long text; in SQL it is {@link longText}. */
export function longIn<Name extends string>(field: Name) {
  return (operation: Readonly<Record<Name, string | null>>): readonly Part[] => {
    const text = operation[field];
    if (text === null || text.length < longFrom) return [{ row: operation }];
    return [{ row: { ...operation, [field]: null }, text }];
  };
}

/** A field of a JSON row from which {@link longIn} takes long texts. */
export function longText(field: string, row = "value"): string {
  return `coalesce(?2, ${row} ->> '${field}')`;
}

/** The columns that an upsert overwrites in an existing row. */
export function replaced(names: readonly string[]): string {
  return names.map((name) => `${name} = excluded.${name}`).join(", ");
}

/**
 * Returns the rows of a query as one JSON value for {@link readJsonRows}. Only for integers, text
 * and null. Converting each column of each row in the client costs five times as much.
 */
export function jsonRows(names: readonly string[], query: string): string {
  const pairs = names.map((name) => `'${name}', ${name}`).join(", ");
  return `(SELECT json_group_array(json_object(${pairs})) FROM (${query}))`;
}

/** Parses the value of {@link jsonRows}; the rows keep the query's order. */
export function readJsonRows(value: unknown): readonly ReadRow[] {
  return JSON.parse(String(value)) as readonly ReadRow[];
}

/** Reads a nullable text column. */
export function textOrNull(value: unknown): string | null {
  return value === null || value === undefined ? null : String(value);
}

/** Reads a nullable number column. */
export function numberOrNull(value: unknown): number | null {
  return value === null || value === undefined ? null : Number(value);
}
