/**
 * Group commit. All calls of one turn of the event loop share a transaction, with one statement for
 * each kind of operation. A promise resolves only after the commit.
 *
 * The operations of one call succeed or fail together. If a transaction fails in a way that a bad
 * row can cause, its calls are retried in halves, so that the bad row does not undo the others. If
 * the database itself fails, all calls are refused at once.
 */

import { setImmediate as endOfTurn } from "node:timers/promises";
import { AppError } from "../../errors.ts";
import { type Database, mayBeOneRow, type Row } from "./database.ts";
import type { Kind } from "./kind.ts";
import type { SqliteOperation } from "./payloads.ts";

/** Calls waiting for their commit; beyond this, calls are refused with `overloaded`. */
const waitingMax = 100_000;

interface Call {
  readonly operations: readonly SqliteOperation[];
  readonly resolve: (applied: readonly boolean[]) => void;
  readonly reject: (error: unknown) => void;
}

export class CommitQueue {
  readonly #database: Database;
  readonly #kinds: ReadonlyMap<string, Kind>;
  #waiting: Call[] = [];
  #flushing: Promise<void> | undefined;

  /** Within a transaction, kinds run in the order of the list. */
  constructor(database: Database, kinds: readonly Kind[]) {
    this.#database = database;
    this.#kinds = new Map(kinds.map((kind) => [kind.kind, kind]));
  }

  /**
   * Commits the operations together. Returns for each whether it took effect.
   * @throws {AppError} `store_unavailable`, `overloaded`.
   */
  commit(operations: readonly SqliteOperation[]): Promise<readonly boolean[]> {
    if (operations.length === 0) return Promise.resolve([]);
    if (this.#waiting.length >= waitingMax) {
      return Promise.reject(
        new AppError(
          "overloaded",
          `Cannot write to the database: ${waitingMax} writes are waiting; try again later`,
        ),
      );
    }
    return new Promise((resolve, reject) => {
      this.#waiting.push({ operations, resolve, reject });
      this.#flushing ??= this.#flush();
    });
  }

  /** Resolves when every pending call has been committed or refused. */
  async drain(): Promise<void> {
    while (this.#flushing) await this.#flushing;
  }

  async #flush(): Promise<void> {
    while (this.#waiting.length > 0) {
      // Calls made later in this turn share the transaction.
      await endOfTurn();
      const calls = this.#waiting;
      this.#waiting = [];
      await this.#commitTogether(calls);
    }
    this.#flushing = undefined;
  }

  async #commitTogether(calls: readonly Call[]): Promise<void> {
    try {
      const applied = await this.#run(calls.flatMap(({ operations }) => operations));
      for (const { operations, resolve } of calls) resolve(operations.map(applied));
    } catch (thrown) {
      if (calls.length === 1 || !mayBeOneRow(thrown)) {
        for (const { reject } of calls) reject(thrown);
        return;
      }
      const half = Math.ceil(calls.length / 2);
      await this.#commitTogether(calls.slice(0, half));
      await this.#commitTogether(calls.slice(half));
    }
  }

  /** Runs each kind once over its operations; returns a test for whether one took effect. */
  async #run(
    operations: readonly SqliteOperation[],
  ): Promise<(operation: SqliteOperation) => boolean> {
    const byKind = Map.groupBy(operations, ({ kind }) => kind);
    const kinds = [...this.#kinds.values()].filter(({ kind }) => byKind.has(kind));
    // An operation of an unlisted kind would be acknowledged without being written.
    if (kinds.length < byKind.size) throw new Error(`unknown kind among ${[...byKind.keys()]}`);
    const statements = kinds.map(({ kind, sql }) => (
      { sql, args: [rowsText(byKind.get(kind) ?? [])] }
    ));
    const results = await this.#database.write(statements);
    const applied = new Map(kinds.map(({ kind }, index) => [kind, keysOf(results[index] ?? [])]));
    return (operation) => {
      const key = this.#kinds.get(operation.kind)?.key?.(operation);
      return key === undefined || (applied.get(operation.kind)?.has(key) ?? false);
    };
  }
}

/**
 * The rows as JSON, without two escapes that SQLite's JSON functions turn into bad text: NUL ends
 * the text early, and a lone surrogate becomes invalid UTF-8, which makes libSQL end the process on
 * read. U+FFFD replaces both.
 */
function rowsText(rows: readonly unknown[]): string {
  const text = JSON.stringify(rows);
  if (!/\\u(?:0000|d[89a-f])/.test(text)) return text;
  return JSON.stringify(
    rows,
    (_, value) =>
      typeof value === "string" ? value.toWellFormed().replaceAll("\0", "\uFFFD") : value,
  );
}

function keysOf(rows: readonly Row[]): ReadonlySet<string> {
  return new Set(rows.map(({ key }) => String(key)));
}
