/** Lists of columns as SQL, and columns as values. */

import type { ReadRow } from "./reading.ts";

/** The named fields of a JSON row. */
export function fields(names: readonly string[]): string {
  return names.map((name) => `value ->> '${name}'`).join(", ");
}

/** The columns of what SQL calls `table`. */
export function columnsOf(table: string, names: readonly string[]): string {
  return names.map((name) => `${table}.${name}`).join(", ");
}

/** What an upsert takes over of the row that is there already. */
export function replaced(names: readonly string[]): string {
  return names.map((name) => `${name} = excluded.${name}`).join(", ");
}

/**
 * The rows of a query as one value, for {@link readJsonRows}: integers, text and null alone. The
 * client makes a value of each column of each row, at five times the cost of this.
 */
export function jsonRows(names: readonly string[], query: string): string {
  const pairs = names.map((name) => `'${name}', ${name}`).join(", ");
  return `(SELECT json_group_array(json_object(${pairs})) FROM (${query}))`;
}

/** What {@link jsonRows} gives, in the order of its query. */
export function readJsonRows(value: unknown): readonly ReadRow[] {
  return JSON.parse(String(value)) as readonly ReadRow[];
}

/** A column of text that may be null. */
export function textOrNull(value: unknown): string | null {
  return value === null || value === undefined ? null : String(value);
}

/** A column of numbers that may be null. */
export function numberOrNull(value: unknown): number | null {
  return value === null || value === undefined ? null : Number(value);
}
