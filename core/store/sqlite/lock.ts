/**
 * One daemon a database file: an OS lock beside it, which ends with the process that holds it,
 * however it ends.
 */

import { AppError, messageOf } from "../../errors.ts";
import { databasePath } from "../address.ts";

export interface StoreLock {
  release(): void;
}

/**
 * Locks the file that `url` names; a server's database has no lock, leases guard it.
 * @throws {AppError} `already_running` while another daemon has it, `store_unavailable` when the
 * lock file can't be written.
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

/** Two names of one file must lead to one lock. */
async function withoutLinks(path: string): Promise<string> {
  try {
    return await Deno.realPath(path);
  } catch {
    return path; // not there yet, or not to be read: opening it says which
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
