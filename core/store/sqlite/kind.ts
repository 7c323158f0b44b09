/** How a kind of operation becomes SQL: one statement for all its operations in a transaction. */

import type { SqliteOperation } from "./payloads.ts";

/** What an operation, or a part of it, gives to its statement. */
export interface Part {
  readonly row: unknown;
  /** Taken out of the row. */
  readonly text?: string;
}

export interface Kind<O extends SqliteOperation = SqliteOperation> {
  readonly kind: O["kind"];
  /**
   * Takes the operations as one JSON array (`json_each(?1)`) and returns a column `key` for each
   * that took effect.
   */
  readonly sql: string;
  /**
   * Takes long texts out of an operation, each for a statement of its own with the text as `?2`;
   * for rows without one, `?2` is null. The SQL of a kind without it has no `?2`.
   */
  parts?(operation: O): readonly Part[];
  /**
   * Identifies an operation in the result; operations of a transaction that share a key get the
   * same result. A kind without keys returns no rows, and its operations always count as effective.
   */
  key?(operation: O): string;
}
