/**
 * The one connection to libSQL. Every write is a batch, which commits whole or not at all; a
 * local file is in WAL mode with synchronous=FULL, so what is committed survives a power cut.
 *
 * After a busy error the client answers ok to writes that nobody will ever see (libSQL client
 * 0.18), so one that outlasts the busy timeout closes the database for good: nothing more is
 * acknowledged, and the daemon ends.
 */

import { type Client, createClient, type InValue, type Row } from "@libsql/client";
import { AppError, messageOf } from "../errors.ts";

/** How long a write waits for another process that holds the database. */
const busyTimeoutMsDefault = 5_000;

export interface Statement {
  readonly sql: string;
  readonly args: readonly InValue[];
}

export type { Row };

export interface Database {
  /** Commits all statements in one transaction; gives the rows of each. */
  write(statements: readonly Statement[]): Promise<readonly (readonly Row[])[]>;
  read(sql: string, args?: readonly InValue[]): Promise<readonly Row[]>;
  /** Runs a script of many statements, as one transaction. */
  script(sql: string): Promise<void>;
  /** Leaves all of a local database in its one file where it can; never throws. */
  close(): Promise<void>;
}

/**
 * Opens `url`, a `file:` path or a libSQL server's address.
 * @throws {AppError} `store_unavailable` when it can't be read or is no database.
 */
export async function openDatabase(
  url: string,
  onFatal: (error: AppError) => void,
  { busyTimeoutMs = busyTimeoutMsDefault }: { readonly busyTimeoutMs?: number } = {},
): Promise<Database> {
  const client = await connect(url, busyTimeoutMs);
  let fatal: AppError | undefined;
  // Where even the rollback fails, the client goes on with another connection, which has none.
  let hasSettings = true;
  const guarded = async <T>(action: () => Promise<T>): Promise<T> => {
    if (fatal) throw fatal;
    try {
      if (!hasSettings) await configure(client, url, busyTimeoutMs);
      hasSettings = true;
      return await action();
    } catch (thrown) {
      hasSettings = false;
      const error = toStoreError(thrown);
      if (isBusy(thrown) && !fatal) {
        fatal = error;
        onFatal(error);
      }
      throw error;
    }
  };
  return {
    write: (statements) =>
      guarded(async () => {
        const batch = statements.map(({ sql, args }) => ({ sql, args: [...args] }));
        return (await client.batch(batch, "write")).map(({ rows }) => rows);
      }),
    read: (sql, args = []) =>
      guarded(async () => (await client.execute({ sql, args: [...args] })).rows),
    script: (sql) =>
      guarded(async () => {
        // Not atomic by itself; what it leaves open when it fails, the client rolls back.
        await client.executeMultiple(`BEGIN IMMEDIATE;\n${sql}\n;COMMIT;`);
      }),
    close: async () => {
      // What can't be moved stays in the journal, until the next start.
      const move = "PRAGMA wal_checkpoint(TRUNCATE)";
      if (isLocal(url) && !fatal) await client.execute(move).catch(() => undefined);
      client.close();
    },
  };
}

async function connect(url: string, busyTimeoutMs: number): Promise<Client> {
  let client: Client | undefined;
  try {
    // A pool would give each connection its own PRAGMAs and make writers collide.
    client = createClient({ url, concurrency: 1, intMode: "number" });
    await configure(client, url, busyTimeoutMs);
    if (isLocal(url)) await client.execute("PRAGMA journal_mode = WAL");
    await client.execute("SELECT count(*) FROM sqlite_schema");
    return client;
  } catch (thrown) {
    client?.close();
    throw new AppError(
      "store_unavailable",
      `Cannot open database "${url}": ${messageOf(thrown)}; ` +
        `check that the file is a database this user may write, or set AC100_DATABASE_URL`,
      { cause: thrown },
    );
  }
}

/** What a connection has to be told, each one anew. */
async function configure(client: Client, url: string, busyTimeoutMs: number): Promise<void> {
  if (isLocal(url)) {
    await client.execute(`PRAGMA busy_timeout = ${busyTimeoutMs}`);
    await client.execute("PRAGMA synchronous = FULL");
  }
  await client.execute("PRAGMA foreign_keys = ON");
}

function isLocal(url: string): boolean {
  return url.startsWith("file:");
}

function toStoreError(thrown: unknown): AppError {
  if (thrown instanceof AppError) return thrown;
  return new AppError("store_unavailable", `Cannot use the database: ${messageOf(thrown)}`, {
    cause: thrown,
  });
}

function isBusy(thrown: unknown): boolean {
  const code = thrown instanceof Error && "code" in thrown ? String(thrown.code) : "";
  return code.startsWith("SQLITE_BUSY");
}
