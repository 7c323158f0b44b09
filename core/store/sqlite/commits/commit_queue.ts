/**
 * Group commit. All calls of one turn of the event loop share a transaction, with one statement for
 * each kind of operation. A promise resolves only after the commit. A transaction holds the thread,
 * so it takes only as many calls as fit into {@link lengthMax}, at least one; and transactions
 * share the thread with everything else.
 *
 * The operations of one call succeed or fail together. If a transaction fails in a way that a bad
 * row can cause, its calls are retried in halves, so that the bad row does not undo the others. If
 * the database itself fails, all calls are refused at once.
 */

import { setImmediate as endOfTurn } from "node:timers/promises";
import { AppError } from "../../../errors.ts";
import { type Database, mayBeOneRow } from "../database.ts";
import type { Kind } from "../kind.ts";
import type { SqliteOperation } from "../payloads.ts";
import { ThreadShare } from "../../../thread_share.ts";
import { encode, type Encoded, statementsOf } from "./statements.ts";

/** Calls waiting for their commit; beyond this, calls are refused with `overloaded`. */
const waitingMax = 100_000;
/** Characters of a transaction's rows and texts. */
const lengthMax = 4_000_000;
/** Shorter transactions are over before others notice; a pause would cost more than it gives. */
const longFrom = 250_000;

interface Call {
  readonly operations: readonly SqliteOperation[];
  readonly encoded: Encoded;
  readonly resolve: (applied: readonly boolean[]) => void;
  readonly reject: (error: unknown) => void;
}

export class CommitQueue {
  readonly #database: Database;
  readonly #kinds: ReadonlyMap<string, Kind>;
  #waiting: Call[] = [];
  #flushing: Promise<void> | undefined;
  /** Of long commits, which others wait for: they pause only to let the rest be served. */
  readonly #share = new ThreadShare({ heldMsMax: 100, restMsMax: 1 });

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
      const encoded = encode(operations.map((operation) => [this.#kindOf(operation), operation]));
      this.#waiting.push({ operations, encoded, resolve, reject });
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
      await this.#share.turn();
      await this.#commitTogether(this.#takeTogether());
    }
    this.#flushing = undefined;
  }

  /** Takes the calls that share the next transaction. */
  #takeTogether(): readonly Call[] {
    let length = 0;
    const end = this.#waiting.findIndex(({ encoded }, place) =>
      (length += encoded.length) > lengthMax && place > 0
    );
    if (end > 0) return this.#waiting.splice(0, end);
    const calls = this.#waiting;
    this.#waiting = [];
    return calls;
  }

  async #commitTogether(calls: readonly Call[]): Promise<void> {
    try {
      const applied = await this.#run(calls.flatMap(({ encoded }) => encoded.parts));
      for (const { operations, resolve } of calls) resolve(operations.map(applied));
    } catch (thrown) {
      if (!mayBeOneRow(thrown)) {
        // What waits would meet the same failure.
        for (const { reject } of [...calls, ...this.#waiting.splice(0)]) reject(thrown);
        return;
      }
      if (calls.length === 1) return calls[0]?.reject(thrown);
      const half = Math.ceil(calls.length / 2);
      await this.#commitTogether(calls.slice(0, half));
      await this.#commitTogether(calls.slice(half));
    }
  }

  /** Runs each kind over its parts; returns a test for whether an operation took effect. */
  async #run(parts: Encoded["parts"]): Promise<(operation: SqliteOperation) => boolean> {
    const byKind = Map.groupBy(parts, ({ kind }) => kind);
    const statements = [...this.#kinds.values()].flatMap((kind) =>
      statementsOf(kind, byKind.get(kind) ?? []).map((statement) => ({ kind, statement }))
    );
    const write = () => this.#database.write(statements.map(({ statement }) => statement));
    const length = parts.reduce((sum, { row, text = "" }) => sum + row.length + text.length, 0);
    const isLong = this.#database.holdsThread && length >= longFrom;
    const results = isLong ? await this.#share.runToEnd(write) : await write();
    const applied = new Map<string, Set<string>>();
    statements.forEach(({ kind: { kind } }, place) => {
      const keys = applied.get(kind) ?? new Set();
      applied.set(kind, keys);
      for (const { key } of results[place] ?? []) keys.add(String(key));
    });
    return (operation) => {
      const key = this.#kindOf(operation).key?.(operation);
      return key === undefined || (applied.get(operation.kind)?.has(key) ?? false);
    };
  }

  /** An operation of an unlisted kind would be acknowledged without being written. */
  #kindOf({ kind }: SqliteOperation): Kind {
    const known = this.#kinds.get(kind);
    if (known) return known;
    throw new Error(`unknown kind "${kind}"`);
  }
}
