/**
 * A stream of Hrana: one connection to the file, and what it does with each request. Like the real
 * server it takes one statement at a time, refuses what would change the connection's nature, and
 * names errors by SQLite's primary code.
 */

import { setTimeout } from "node:timers/promises";
import Database from "libsql";
import type {
  Batch,
  Condition,
  HranaError,
  Statement,
  StatementResult,
  StreamRequest,
  StreamResult,
  Text,
  Value,
} from "./protocol.ts";
import { isMany, positionsIn, refusedIn } from "./sql_text.ts";

const busyRetryMs = 5;
const writes = /^\s*(insert|replace|update|delete|with|create|drop|alter)\b/i;

/** An error as its caller is to see it. */
class StreamError extends Error {
  readonly code: string;

  constructor(code: string, message: string) {
    super(message);
    this.code = code;
  }
}

export interface StreamOptions {
  /** How long a statement waits for another stream's transaction. */
  readonly busyTimeoutMs: number;
  /** Whether they are enforced, until the client says otherwise. */
  readonly foreignKeys: boolean;
}

export class Stream {
  readonly #database: Database.Database;
  readonly #busyTimeoutMs: number;
  readonly #texts = new Map<number, string>();
  #isOpen = true;

  constructor(path: string, { busyTimeoutMs, foreignKeys }: StreamOptions) {
    this.#database = new Database(path);
    this.#database.pragma(`foreign_keys = ${foreignKeys ? "ON" : "OFF"}`);
    this.#busyTimeoutMs = busyTimeoutMs;
  }

  get isOpen(): boolean {
    return this.#isOpen;
  }

  /** Lets go of the connection; an open transaction is rolled back. */
  close(): void {
    if (!this.#isOpen) return;
    this.#isOpen = false;
    if (this.#database.inTransaction) this.#database.exec("ROLLBACK");
    this.#database.close();
  }

  /** Does what one request asks; it never throws what SQL can cause. */
  async answer(request: StreamRequest): Promise<StreamResult> {
    try {
      if (!this.#isOpen) throw new StreamError("STREAM_CLOSED", "The stream was closed");
      return { type: "ok", response: { type: request.type, ...await this.#run(request) } };
    } catch (thrown) {
      return { type: "error", error: toHranaError(thrown) };
    }
  }

  async #run(request: StreamRequest): Promise<Readonly<Record<string, unknown>>> {
    switch (request.type) {
      case "execute":
        return { result: await this.#execute(request.stmt) };
      case "batch":
        return { result: await this.#batch(request.batch) };
      case "sequence":
        await this.#sequence(this.#textOf(request));
        return {};
      case "store_sql":
        this.#texts.set(request.sql_id, request.sql);
        return {};
      case "close_sql":
        this.#texts.delete(request.sql_id);
        return {};
      case "get_autocommit":
        return { is_autocommit: !this.#database.inTransaction };
      case "close":
        this.close();
        return {};
    }
  }

  #textOf({ sql, sql_id }: Text): string {
    const text = sql ?? this.#texts.get(sql_id ?? -1);
    if (text === undefined) throw new StreamError("SQL_NOT_FOUND", `No SQL text ${sql_id}`);
    const refused = refusedIn(text);
    if (refused === undefined) return text;
    const found = `unsupported statement: ${refused}`;
    throw new StreamError("SQL_PARSE_ERROR", `SQL string could not be parsed: ${found}`);
  }

  async #execute(statement: Statement): Promise<StatementResult> {
    const text = this.#textOf(statement);
    if (isMany(text)) {
      const message = "SQL string contains more than one statement";
      throw new StreamError("SQL_MANY_STATEMENTS", message);
    }
    const { args: { length }, named_args } = statement;
    if (named_args.length === 0 && length !== positionsIn(text)) {
      const found = `${length} instead of ${positionsIn(text)}`;
      throw new StreamError("ARGS_INVALID", `Arguments do not match SQL parameters: ${found}`);
    }
    if (/^\s*BEGIN\b/i.test(text)) return await this.#begin(text);
    const isAlone = !this.#database.inTransaction && writes.test(text);
    if (!isAlone) return this.#step(text, statement);
    // Only a BEGIN must find the file busy: a prepared statement that did can't be reset with this
    // package, and would keep its connection from committing anything.
    await this.#begin("BEGIN IMMEDIATE");
    try {
      const result = this.#step(text, statement);
      this.#database.exec("COMMIT");
      return result;
    } catch (thrown) {
      this.#database.exec("ROLLBACK");
      throw thrown;
    }
  }

  async #begin(text: string): Promise<StatementResult> {
    await this.#whenFree(() => this.#database.exec(text));
    return { cols: [], rows: [], affected_row_count: 0, last_insert_rowid: "0" };
  }

  #step(text: string, statement: Statement): StatementResult {
    const prepared = this.#database.prepare(text);
    const args = toArguments(statement);
    if (!prepared.reader) {
      prepared.run(args);
      return { cols: [], rows: [], ...this.#changes() };
    }
    const cols = prepared.columns().map(({ name, type }) => ({ name, decltype: type }));
    const rows = prepared.raw().safeIntegers().all(args) as unknown[][];
    return {
      cols,
      rows: statement.want_rows ? rows.map((row) => row.map(toValue)) : [],
      ...this.#changes(),
    };
  }

  #changes(): Pick<StatementResult, "affected_row_count" | "last_insert_rowid"> {
    const prepared = this.#database.prepare("SELECT changes(), last_insert_rowid()");
    const [changes, rowid] = prepared.raw().safeIntegers().get() as [bigint, bigint];
    return { affected_row_count: Number(changes), last_insert_rowid: String(rowid) };
  }

  async #batch({ steps }: Batch): Promise<unknown> {
    const results: (StatementResult | null)[] = [];
    const errors: (HranaError | null)[] = [];
    const holds = (condition: Condition): boolean => {
      switch (condition.type) {
        case "ok":
          return Boolean(results[condition.step]);
        case "error":
          return Boolean(errors[condition.step]);
        case "not":
          return !holds(condition.cond);
        case "and":
          return condition.conds.every(holds);
        case "or":
          return condition.conds.some(holds);
        case "is_autocommit":
          return !this.#database.inTransaction;
      }
    };
    for (const [at, { condition, stmt }] of steps.entries()) {
      results[at] = errors[at] = null;
      if (condition && !holds(condition)) continue;
      try {
        results[at] = await this.#execute(stmt);
      } catch (thrown) {
        errors[at] = toHranaError(thrown);
      }
    }
    return { step_results: results, step_errors: errors };
  }

  async #sequence(text: string): Promise<void> {
    const run = (): unknown => this.#database.exec(text);
    // What begins with something else may have done a part when it finds the file busy.
    if (/^\s*BEGIN\b/i.test(text)) await this.#whenFree(run);
    else run();
  }

  /** Waits for another stream's transaction, as no connection here may block the thread of all. */
  async #whenFree<T>(action: () => T): Promise<T> {
    const untilMs = performance.now() + this.#busyTimeoutMs;
    for (;;) {
      try {
        return action();
      } catch (thrown) {
        if (toHranaError(thrown).code !== "SQLITE_BUSY" || performance.now() >= untilMs) {
          throw thrown;
        }
      }
      await setTimeout(busyRetryMs);
      if (!this.#isOpen) throw new StreamError("STREAM_CLOSED", "The stream was closed");
    }
  }
}

function toArguments({ args, named_args }: Statement): unknown {
  if (named_args.length === 0) return args.map(fromValue);
  return Object.fromEntries(
    named_args.map(({ name, value }) => [name.replace(/^[:@$]/, ""), fromValue(value)]),
  );
}

function fromValue(value: Value): unknown {
  switch (value.type) {
    case "null":
      return null;
    case "integer":
      return BigInt(value.value);
    case "float":
    case "text":
      return value.value;
    case "blob":
      return Uint8Array.fromBase64(value.base64);
  }
}

function toValue(value: unknown): Value {
  if (value === null) return { type: "null" };
  if (typeof value === "bigint") return { type: "integer", value: String(value) };
  if (typeof value === "number") return { type: "float", value };
  if (typeof value === "string") return { type: "text", value };
  if (value instanceof Uint8Array) {
    return { type: "blob", base64: Uint8Array.from(value).toBase64({ omitPadding: true }) };
  }
  throw new Error(`SQLite has no value like ${value}`);
}

function toHranaError(thrown: unknown): HranaError {
  if (thrown instanceof StreamError) return { code: thrown.code, message: thrown.message };
  if (!(thrown instanceof Database.SqliteError)) throw thrown;
  const [code = ""] = /^SQLITE_[A-Z]+/.exec(thrown.code) ?? [];
  const message = `SQLite error: ${thrown.message}`;
  return { code: code === "SQLITE_ERROR" ? "SQLITE_UNKNOWN" : code, message };
}
