/**
 * Group commit. Everything that is handed in during one turn of the event loop shares one
 * transaction: one statement for each verb, over all its rows. A promise resolves after the
 * commit, never before.
 *
 * The writes of one call stand or fall together. When a transaction fails as it does of a bad row,
 * its calls are tried again by halves, so that the row does not undo its neighbours.
 */

import { setImmediate as endOfTurn } from "node:timers/promises";
import { AppError } from "../../errors.ts";
import type { Operation } from "../operation.ts";
import type { Kind } from "./kind.ts";
import { kinds as allKinds } from "./kinds.ts";
import { type Database, mayBeOneRow, type Row, type Statement } from "./database.ts";

/** Calls waiting for their commit; past it writes are refused with `overloaded`. */
const waitingMax = 100_000;

/**
 * A write over many rows. Its SQL takes the rows as one JSON array (`json_each(?1)`) and returns
 * a column `key` for each row it took effect on; a row without its key changed nothing. A verb
 * whose effect nobody asks for returns none.
 */
export interface Verb<R> {
  readonly name: string;
  readonly sql: string;
  /** The verbs of a transaction run in ascending order. */
  readonly order: number;
  /** Names the row in the answer: two of one key in a transaction are told the same. */
  key(row: R): string;
}

/** One row for one verb; made by {@link write}. */
export interface Write {
  readonly verb: Verb<never>;
  readonly row: unknown;
  readonly key: string;
}

export function write<R>(verb: Verb<R>, row: R): Write {
  return { verb: verb as Verb<never>, row, key: verb.key(row) };
}

interface Call {
  readonly writes: readonly (Write | Operation)[];
  readonly resolve: (applied: readonly boolean[]) => void;
  readonly reject: (error: unknown) => void;
}

export class CommitQueue {
  readonly #database: Database;
  #waiting: Call[] = [];
  #flushing: Promise<void> | undefined;

  constructor(database: Database) {
    this.#database = database;
  }

  /**
   * Commits the writes together. Gives for each whether it took effect: an update that named a
   * lost lease, or an insert of what was there already, did not.
   * @throws {AppError} `store_unavailable`, `overloaded`.
   */
  commit(writes: readonly (Write | Operation)[]): Promise<readonly boolean[]> {
    if (writes.length === 0) return Promise.resolve([]);
    if (this.#waiting.length >= waitingMax) {
      return Promise.reject(
        new AppError("overloaded", `Cannot write: ${waitingMax} writes wait for the database`),
      );
    }
    return new Promise((resolve, reject) => {
      this.#waiting.push({ writes, resolve, reject });
      this.#flushing ??= this.#flush();
    });
  }

  /** Settles when all that was handed in has been committed or refused. */
  async drain(): Promise<void> {
    while (this.#flushing) await this.#flushing;
  }

  async #flush(): Promise<void> {
    while (this.#waiting.length > 0) {
      // Whatever the turn still hands in shares the transaction.
      await endOfTurn();
      const calls = this.#waiting;
      this.#waiting = [];
      await this.#commitTogether(calls);
    }
    this.#flushing = undefined;
  }

  async #commitTogether(calls: readonly Call[]): Promise<void> {
    try {
      const applied = await runVerbs(this.#database, calls.flatMap(({ writes }) => writes));
      for (const { writes, resolve } of calls) {
        resolve(writes.map((write) => {
          if ("verb" in write) return applied.get(write.verb.name)?.has(write.key) ?? false;
          const key = byName.get(write.kind)?.key?.(write);
          return key === undefined || (applied.get(write.kind)?.has(key) ?? false);
        }));
      }
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
}

const byName = new Map<string, Kind>(allKinds.map((kind) => [kind.kind, kind]));

/** Runs each verb once over its rows; gives, by verb, the keys it took effect on. */
async function runVerbs(
  database: Database,
  writes: readonly (Write | Operation)[],
): Promise<ReadonlyMap<string, ReadonlySet<string>>> {
  const byVerb = new Map<Verb<never>, unknown[]>();
  const byKind = new Map<string, Operation[]>();
  for (const write of writes) {
    if (!("verb" in write)) {
      const rows = byKind.get(write.kind);
      if (rows) rows.push(write);
      else byKind.set(write.kind, [write]);
      continue;
    }
    const { verb, row } = write;
    const rows = byVerb.get(verb);
    if (rows) rows.push(row);
    else byVerb.set(verb, [row]);
  }
  const verbs = [...byVerb].sort(([a], [b]) => a.order - b.order);
  const statements = [
    ...verbs.map(([{ name, sql }, rows]) => ({ name, sql, rows: rows as readonly unknown[] })),
    ...allKinds.flatMap(({ kind, sql }) => {
      const rows = byKind.get(kind);
      return rows ? [{ name: kind, sql, rows }] : [];
    }),
  ];
  const results = await database.write(
    statements.map(({ sql, rows }): Statement => ({ sql, args: [rowsText(rows)] })),
  );
  return new Map(statements.map(({ name }, index) => [name, keysOf(results[index] ?? [])]));
}

/**
 * The rows as JSON, without what SQLite's JSON functions make of two escapes: text that ends early
 * at a NUL, and text that is no UTF-8 of a lone surrogate, at which libSQL ends the process when it
 * is read. U+FFFD takes their place.
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
