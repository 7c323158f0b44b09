/**
 * One daemon a database file: an OS lock beside it, which ends with the process that holds it,
 * however it ends.
 */

import { fileURLToPath } from "node:url";
import { resolve } from "node:path";
import { AppError, messageOf } from "../errors.ts";

export interface StoreLock {
  release(): void;
}

/**
 * Locks the file that `url` names; a server's database needs no lock, leases guard it.
 * @throws {AppError} `already_running` while another daemon has it, `store_unavailable` when the
 * lock file can't be written.
 */
export async function lockDatabase(url: string): Promise<StoreLock> {
  const path = databasePath(url);
  if (path === undefined) return { release: () => undefined };
  const file = await openLockFile(`${await withoutLinks(path)}.lock`);
  if (!(await file.tryLock(true))) {
    file.close();
    throw new AppError(
      "already_running",
      `Cannot open database "${path}": another daemon uses it; stop it first, or set ` +
        `AC100_DATA_DIR to another folder`,
    );
  }
  return { release: () => file.close() };
}

/** Whether a database's address names a server, and not a file. */
export function isServer(url: string): boolean {
  return !url.startsWith("file:");
}

/** A database's address for messages: without the token and the name that it may hold. */
export function withoutSecrets(url: string): string {
  return url.replace(/[?#].*$/s, "").replace(/\/\/[^/@]*@/, "//");
}

/** The path of a `file:` URL, relative ones from the current folder; undefined for servers. */
export function databasePath(url: string): string | undefined {
  if (isServer(url)) return undefined;
  const [withoutQuery = ""] = url.split("?");
  if (withoutQuery.startsWith("file://")) return fileURLToPath(withoutQuery);
  return resolve(decodeURIComponent(withoutQuery.slice("file:".length)));
}

/** Two names of one file must lead to one lock. */
async function withoutLinks(path: string): Promise<string> {
  try {
    return await Deno.realPath(path);
  } catch {
    return path; // not there yet, or not to be read: opening it will tell
  }
}

async function openLockFile(path: string): Promise<Deno.FsFile> {
  try {
    return await Deno.open(path, { create: true, write: true, mode: 0o600 });
  } catch (thrown) {
    throw new AppError(
      "store_unavailable",
      `Cannot open lock file "${path}": ${messageOf(thrown)}; check the folder's permissions`,
      { cause: thrown },
    );
  }
}
