/**
 * Access to libSQL: one connection to a local file, or requests to a server. Every write is a batch
 * that commits whole or not at all. A local file uses WAL mode with synchronous=FULL, so committed
 * data survives a power cut.
 *
 * After a busy error on a file, the client reports success for writes that are lost (libSQL client
 * 0.18). So a busy error that outlasts the busy timeout closes the database for good: nothing more
 * is acknowledged, and the daemon ends. A server's streams last for one batch, so a busy error
 * there is an ordinary failure.
 *
 * If a server's answer is lost, the write may still have been committed. A failed write must not be
 * repeated as it is; decide it again from the tables.
 */

import { type Client, createClient, type InValue, LibsqlError, type Row } from "@libsql/client";
import { AppError, messageOf } from "../../errors.ts";
import { databasePath, isServer, withoutSecrets } from "../address.ts";
import type { StoreLock } from "./lock.ts";

/** How long a write waits while another process locks the database. */
/** How often an idle daemon looks whether its files are there. */
const lookMs = 2_000;
const busyTimeoutMsDefault = 5_000;
/** How long to wait for a server's answer. */
const answerMsMaxDefault = 30_000;

export interface DatabaseOptions {
  readonly busyTimeoutMs?: number;
  readonly answerMsMax?: number;
}

export interface Statement {
  readonly sql: string;
  readonly args: readonly InValue[];
}

export type { Row };

export interface Database {
  /** Whether reads and writes hold the thread while they run. */
  readonly holdsThread: boolean;
  /** Commits all statements in one transaction; returns the rows of each. */
  write(statements: readonly Statement[]): Promise<readonly (readonly Row[])[]>;
  read(sql: string, args?: readonly InValue[]): Promise<readonly Row[]>;
  /** Runs a script of several statements as one transaction. */
  script(sql: string): Promise<void>;
  /** Closes the database; moves a local one into its single file if possible. Never throws. */
  close(): Promise<void>;
}

/**
 * Opens `url`, a `file:` URL or the address of a libSQL server.
 * @throws {AppError} `store_unavailable` if it can't be read or is not a database; `not_reachable`
 * if its server does not answer.
 */
export async function openDatabase(
  url: string,
  onFatal: (error: AppError) => void,
  { busyTimeoutMs = busyTimeoutMsDefault, answerMsMax = answerMsMaxDefault, lock }:
    & DatabaseOptions
    & { readonly lock?: StoreLock | undefined } = {},
): Promise<Database> {
  const client = isServer(url)
    ? await connectToServer(url, answerMsMax)
    : await openFile(url, busyTimeoutMs);
  let fatal: AppError | undefined;
  // If even the rollback fails, the client opens a new connection, without these settings.
  let hasSettings = true;
  const guarded = async <T>(action: () => Promise<T>): Promise<T> => {
    if (fatal) throw fatal;
    try {
      if (!hasSettings && !isServer(url)) await configure(client, busyTimeoutMs);
      hasSettings = true;
      return await action();
    } catch (thrown) {
      hasSettings = false;
      const error = toStoreError(thrown);
      if (isBusy(thrown) && !isServer(url) && !fatal) {
        fatal = error;
        onFatal(error);
      }
      throw error;
    }
  };
  const checkFiles = (): void => {
    if (fatal || lock?.isIntact() !== false) return;
    fatal = movedAway(url);
    onFatal(fatal);
  };
  // An idle daemon must notice, too.
  const look = setInterval(checkFiles, lookMs);
  Deno.unrefTimer(look);
  return {
    holdsThread: !isServer(url),
    write: (statements) =>
      guarded(async () => {
        const batch = statements.map(({ sql, args }) => ({ sql, args: [...args] }));
        const rows = (await client.batch(batch, "write")).map(({ rows }) => rows);
        checkFiles();
        if (fatal) throw fatal;
        return rows;
      }),
    read: (sql, args = []) =>
      guarded(async () => (await client.execute({ sql, args: [...args] })).rows),
    script: (sql) =>
      guarded(async () => {
        // executeMultiple() is not atomic, but the client rolls back an open transaction on
        // failure.
        await client.executeMultiple(`BEGIN IMMEDIATE;\n${sql}\n;COMMIT;`);
      }),
    close: async () => {
      clearInterval(look);
      if (!isServer(url) && !fatal) await moveJournal(client);
      client.close();
    },
  };
}

/**
 * Moves the journal into the file. If that fails, or a backup still reads the journal, the data
 * stays there until the next start.
 */
async function moveJournal(client: Client): Promise<void> {
  for (const sql of ["PRAGMA busy_timeout = 0", "PRAGMA wal_checkpoint(TRUNCATE)"]) {
    await client.execute(sql).catch(() => undefined);
  }
}

function movedAway(url: string): AppError {
  return new AppError(
    "store_unavailable",
    `Cannot use database "${databasePath(url)}": its file, or its lock file, was moved, deleted ` +
      `or replaced while the daemon ran; put it back, or start anew`,
  );
}

async function openFile(url: string, busyTimeoutMs: number): Promise<Client> {
  let client: Client | undefined;
  try {
    // A pool's connections would each need these PRAGMAs, and their writes would collide.
    client = createClient({ url, concurrency: 1, intMode: "number" });
    await configure(client, busyTimeoutMs);
    await client.execute("PRAGMA journal_mode = WAL");
    await client.execute("SELECT count(*) FROM sqlite_schema");
    return client;
  } catch (thrown) {
    client?.close();
    throw cannotOpen(url, thrown, "check that the file is a database this user may write");
  }
}

/** Sets up a connection; every new connection starts without these settings. */
async function configure(client: Client, busyTimeoutMs: number): Promise<void> {
  await client.execute(`PRAGMA busy_timeout = ${busyTimeoutMs}`);
  await client.execute("PRAGMA synchronous = FULL");
  await client.execute("PRAGMA foreign_keys = ON");
}

async function connectToServer(url: string, answerMsMax: number): Promise<Client> {
  let client: Client | undefined;
  try {
    const fetchInTime = (request: Request): Promise<Response> =>
      fetch(request, { signal: AbortSignal.timeout(answerMsMax) });
    client = createClient({ url, intMode: "number", fetch: fetchInTime });
    // A server runs each request on its own connection, so settings do not persist.
    const { rows: [row] } = await client.execute("PRAGMA foreign_keys");
    if (row?.["foreign_keys"] === 1) return client;
    throw new AppError("store_unavailable", "the server does not enforce foreign keys");
  } catch (thrown) {
    client?.close();
    const advice = "check the address and its authToken";
    throw isAway(thrown)
      ? cannotOpen(url, thrown, "start its server", "not_reachable")
      : cannotOpen(url, thrown, advice);
  }
}

function cannotOpen(
  url: string,
  thrown: unknown,
  advice: string,
  code: "store_unavailable" | "not_reachable" = "store_unavailable",
): AppError {
  const shown = withoutSecrets(url);
  const reason = messageOf(thrown).replaceAll(url, shown);
  return new AppError(
    code,
    `Cannot open database "${shown}": ${reason}; ${advice}, or set AC100_DATABASE_URL`,
    { cause: thrown },
  );
}

/** Whether the server did not answer or is temporarily unavailable. */
function isAway(thrown: unknown): boolean {
  if (thrown instanceof AppError) return false;
  if (!(thrown instanceof LibsqlError)) return true;
  const { cause } = thrown;
  return cause instanceof Error && "status" in cause && Number(cause.status) >= 500;
}

function toStoreError(thrown: unknown): AppError {
  if (thrown instanceof AppError) return thrown;
  return new AppError("store_unavailable", `Cannot use the database: ${messageOf(thrown)}`, {
    cause: thrown,
  });
}

/**
 * Whether a single row may have caused a failed write, so that the other rows may be retried
 * without it. Otherwise the database itself failed, or the outcome is unknown.
 */
export function mayBeOneRow(error: unknown): boolean {
  if (!(error instanceof AppError) || !(error.cause instanceof LibsqlError)) return false;
  return /^SQLITE_(CONSTRAINT|MISMATCH|TOOBIG|RANGE|ERROR|UNKNOWN)/.test(error.cause.code);
}

function isBusy(thrown: unknown): boolean {
  const code = thrown instanceof Error && "code" in thrown ? String(thrown.code) : "";
  return code.startsWith("SQLITE_BUSY");
}
