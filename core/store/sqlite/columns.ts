/** Lists of columns as SQL, and columns as values. */

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

/** A column of text that may be null. */
export function textOrNull(value: unknown): string | null {
  return value === null || value === undefined ? null : String(value);
}

/** A column of numbers that may be null. */
export function numberOrNull(value: unknown): number | null {
  return value === null || value === undefined ? null : Number(value);
}
