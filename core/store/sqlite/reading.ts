/** How a read gets its rows. */

/** Whatever SQLite returns for a column: text, a number, or null. */
export type ReadRow = Readonly<Record<string, unknown>>;
export type Argument = string | number | null;
export type ReadSql = (sql: string, args?: readonly Argument[]) => Promise<readonly ReadRow[]>;

export interface Reading {
  /** Runs on the store's own connection: for reads that cost no more than a message. */
  readonly quick: ReadSql;
  /** Runs on the reader's thread: for reads that may be slow. */
  readonly long: ReadSql;
}
