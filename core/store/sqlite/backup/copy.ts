/**
 * A whole, checked copy of a database that may be in use. Writers go on: in WAL mode a reader holds
 * nobody up, but the journal grows until the copy is done.
 *
 * A process of its own copies, checks and hashes. In a thread of this one, SQLite could not be
 * interrupted, and the driver would keep the files open after the thread's end.
 */

import { setTimeout as pause } from "node:timers/promises";
import { fileURLToPath } from "node:url";
import { AppError, type ErrorData, fromErrorData, messageOf } from "../../../errors.ts";
import { databasePath, withoutSecrets } from "../../address.ts";
import type { Backup, Contents } from "../../backups.ts";
import { isThere, makeWhole } from "./whole_file.ts";

const entry = fileURLToPath(new URL("./copy_process.ts", import.meta.url));
const copyMsMax = 3_600_000;
const syncEveryMs = 50;

export interface CopyRequest {
  readonly url: string;
  /** An empty file. */
  readonly temporary: string;
}
export type CopyReply =
  | { readonly copied: Copied }
  | { readonly error: ErrorData };

type Copied = Contents & Pick<Backup, "bytes" | "sha256">;

export interface CopyOptions {
  /** The database. */
  readonly url: string;
  /** The file that is made. */
  readonly path: string;
  /** The hidden file beside it while it is not whole. */
  readonly temporary: string;
  readonly signal?: AbortSignal | undefined;
}

/**
 * Copies the database as it is at one instant, which is not before this call.
 * @throws {AppError} `conflict` if the file exists, `backup_refused` for a database on a server or
 * where there is none, `backup_failed`, and the reason of `signal` when it is aborted.
 */
export async function copyDatabase(
  { url, path, temporary, signal }: CopyOptions,
): Promise<Backup> {
  await refuseMissing(url);
  try {
    const fill = (): Promise<Copied> => copySynced({ url, temporary }, signal);
    return { path, ...await makeWhole(path, temporary, fill) };
  } catch (thrown) {
    if (thrown instanceof AppError && thrown.code !== "backup_failed") throw thrown;
    // Without the hidden name.
    const reason = messageOf(thrown).replace(/: \w+ '[^']*'$/, "");
    throw new AppError(
      "backup_failed",
      `Cannot back up to "${path}": ${reason}; ${adviceOn(reason)}`,
      { cause: thrown },
    );
  }
}

/** @throws {AppError} `backup_refused`. */
async function refuseMissing(url: string): Promise<void> {
  const source = databasePath(url);
  if (source === undefined) throw onServer("back up", url, "make the backup");
  // SQLite would make an empty one.
  if (await isThere(source)) return;
  throw new AppError(
    "backup_refused",
    `Cannot back up database "${source}": it does not exist; set AC100_DATA_DIR to the daemon's ` +
      `data folder`,
  );
}

/** The refusal of what only the server of a database can do. */
export function onServer(verb: string, url: string, what: string): AppError {
  return new AppError(
    "backup_refused",
    `Cannot ${verb} database "${withoutSecrets(url)}": it is on a libSQL server, whose files are ` +
      `not here; ${what} there, with the server's own tools`,
  );
}

function adviceOn(reason: string): string {
  if (/disk has|SQLITE_FULL|os error 28/.test(reason)) return "free space there";
  if (/damaged|SQLITE_CORRUPT/.test(reason)) return "restore an earlier backup";
  if (/os error (1|13|30)\b/.test(reason)) return "name a folder that may be written";
  if (/os error (2|20)\b/.test(reason)) return "name a folder that exists";
  return "try again";
}

/** Syncs while it copies: 500 MB synced at once would hold up the daemon's commits. */
async function copySynced(request: CopyRequest, signal: AbortSignal | undefined): Promise<Copied> {
  const over = new AbortController();
  const [copied, synced] = await Promise.allSettled([
    copyInProcess(request, signal).finally(() => over.abort()),
    syncUntil(over.signal, request.temporary),
  ]);
  if (copied.status === "rejected") throw copied.reason;
  if (synced.status === "rejected") throw synced.reason;
  return copied.value;
}

async function syncUntil(over: AbortSignal, path: string): Promise<void> {
  using file = await Deno.open(path, { read: true, write: true });
  while (!over.aborted) {
    await file.sync();
    await pause(syncEveryMs, undefined, { signal: over }).catch(() => undefined); // it is over
  }
}

async function copyInProcess(
  request: CopyRequest,
  signal: AbortSignal | undefined,
): Promise<Copied> {
  const stop = new AbortController();
  const late = setTimeout(() => stop.abort(tookTooLong()), copyMsMax);
  const stopped = AbortSignal.any([stop.signal, ...signal ? [signal] : []]);
  try {
    stopped.throwIfAborted();
    const reply = await askProcess(request, stopped);
    if ("error" in reply) throw fromErrorData(reply.error);
    return reply.copied;
  } catch (thrown) {
    if (!stopped.aborted) throw thrown;
    throw stopped.reason instanceof AppError ? stopped.reason : new AppError(
      "backup_failed",
      "the daemon stops",
    );
  } finally {
    clearTimeout(late);
  }
}

function tookTooLong(): AppError {
  return new AppError("backup_failed", `it took over ${copyMsMax / 60_000} minutes`);
}

/** Starts the process and ends it when `stopped` is aborted; its input ends with this process. */
async function askProcess(request: CopyRequest, stopped: AbortSignal): Promise<CopyReply> {
  const child = new Deno.Command(Deno.execPath(), {
    args: ["run", "--quiet", "--no-prompt", "-A", entry],
    detached: true, // Ctrl-C in a terminal is for its parent
    signal: stopped,
    stdin: "piped",
    stdout: "piped",
    stderr: "piped",
  }).spawn();
  const input = child.stdin.getWriter();
  const asked = input.write(new TextEncoder().encode(`${JSON.stringify(request)}\n`));
  const [, printed, complained, ended] = await Promise.all([
    asked.catch(() => undefined), // it has ended; that is said below
    new Response(child.stdout).text(),
    new Response(child.stderr).text(),
    child.status,
  ]);
  await input.close().catch(() => undefined); // nobody reads it any more
  if (ended.success) return JSON.parse(printed);
  const [line = ""] = complained.trim().split("\n");
  throw new Error(`its process ended with ${ended.signal ?? `code ${ended.code}`}: ${line}`);
}
