/** How a read gets its rows. */

/** Whatever SQLite returns for a column: text, a number, or null. */
export type ReadRow = Readonly<Record<string, unknown>>;
export type Argument = string | number | null;
export type ReadSql = (sql: string, args?: readonly Argument[]) => Promise<readonly ReadRow[]>;

export interface Reading {
  /** On the store's own connection: what takes no longer than a message. */
  readonly quick: ReadSql;
  /** On the reader's thread: what may take long. */
  readonly long: ReadSql;
}
