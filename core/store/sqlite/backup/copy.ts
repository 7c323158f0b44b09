/**
 * A whole, checked copy of a database that may be in use. A thread of its own copies, checks and
 * hashes; the caller's thread waits for no disk. Writers go on: in WAL mode a reader holds nobody
 * up, but the journal grows until the copy is done.
 */

import { setTimeout as pause } from "node:timers/promises";
import { AppError, type ErrorData, fromErrorData, messageOf } from "../../../errors.ts";
import { databasePath, withoutSecrets } from "../../address.ts";
import type { Backup, Contents } from "../../backups.ts";
import { isThere, makeWhole } from "./whole_file.ts";

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
    copyOnThread(request, signal).finally(() => over.abort()),
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

function copyOnThread(request: CopyRequest, signal: AbortSignal | undefined): Promise<Copied> {
  return new Promise((resolve, reject) => {
    const worker = new Worker(new URL("./copy_worker.ts", import.meta.url), {
      type: "module",
      name: "backup",
    });
    const end = (): void => {
      clearTimeout(late);
      signal?.removeEventListener("abort", abandon);
      worker.terminate();
    };
    const fail = (reason: unknown): void => {
      end();
      reject(reason instanceof AppError ? reason : new AppError("backup_failed", String(reason)));
    };
    // SQLite can't be interrupted: the thread ends with its statement, the file is removed now.
    const abandon = (): void => {
      fail(signal?.reason instanceof AppError ? signal.reason : "the daemon stops");
    };
    const late = setTimeout(() => fail(`it took over ${copyMsMax / 60_000} minutes`), copyMsMax);
    signal?.addEventListener("abort", abandon);
    if (signal?.aborted) return abandon();
    worker.onerror = (event) => {
      event.preventDefault();
      fail(`its thread ended: ${event.message}`);
    };
    worker.onmessage = ({ data }: MessageEvent<CopyReply>) => {
      if ("error" in data) return fail(fromErrorData(data.error));
      end();
      resolve(data.copied);
    };
    worker.postMessage(request);
  });
}
