/** How a kind of operation becomes SQL: one statement over all operations of a transaction. */

import type { SqliteOperation } from "./payloads.ts";

export interface Kind<O extends SqliteOperation = SqliteOperation> {
  readonly kind: O["kind"];
  /**
   * Takes the operations as one JSON array (`json_each(?1)`) and returns a column `key` for each
   * that took effect.
   */
  readonly sql: string;
  /**
   * Names an operation in the answer: two of one key in a transaction get the same. A kind without
   * keys returns no rows; its operations count as having taken effect.
   */
  key?(operation: O): string;
}
