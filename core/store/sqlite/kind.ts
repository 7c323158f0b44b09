/** How a kind of operation becomes SQL: one statement for all its operations in a transaction. */

import type { SqliteOperation } from "./payloads.ts";

export interface Kind<O extends SqliteOperation = SqliteOperation> {
  readonly kind: O["kind"];
  /**
   * Takes the operations as one JSON array (`json_each(?1)`) and returns a column `key` for each
   * that took effect.
   */
  readonly sql: string;
  /**
   * Identifies an operation in the result; operations of a transaction that share a key get the
   * same result. A kind without keys returns no rows, and its operations always count as effective.
   */
  key?(operation: O): string;
}
