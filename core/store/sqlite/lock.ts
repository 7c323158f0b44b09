/**
 * One daemon per database file: an OS lock file beside the database. The lock ends with the process
 * that holds it, even after a crash.
 */

import { AppError, messageOf } from "../../errors.ts";
import { databasePath } from "../address.ts";

export interface StoreLock {
  release(): void;
}

/**
 * Locks the file that `url` names. A server's database has no lock; leases protect it.
 * @throws {AppError} `already_running` if another daemon holds it, `store_unavailable` if the lock
 * file can't be written.
 */
export async function lockDatabase(url: string): Promise<StoreLock | undefined> {
  const path = databasePath(url);
  if (path === undefined) return undefined;
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

/** Resolves links, so that two names of one file lead to one lock. */
async function withoutLinks(path: string): Promise<string> {
  try {
    return await Deno.realPath(path);
  } catch {
    return path; // missing or unreadable: opening it reports which
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
