/**
 * One daemon per database file: an OS lock file beside the database. The lock ends with the process
 * that holds it, even after a crash.
 */

import { AppError, messageOf } from "../../errors.ts";
import { databasePath } from "../address.ts";

export interface StoreLock {
  /**
   * Whether the database and the lock file are still the files that were opened. One that was
   * moved, deleted or replaced takes commits that nobody will find.
   */
  isIntact(): boolean;
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
  const lockPath = lockPathOf(await withoutLinks(path));
  const file = await openLockFile(lockPath);
  if (!(await file.tryLock(true))) {
    file.close();
    throw new AppError(
      "already_running",
      `Cannot open database "${path}": another daemon uses it; stop it first, or set ` +
        `AC100_DATA_DIR to another folder`,
    );
  }
  await makePrivate(path);
  const identities = [path, lockPath].map((path) => ({ path, identity: identityOf(path) }));
  return {
    isIntact: () => identities.every(({ path, identity }) => identityOf(path) === identity),
    release: () => file.close(),
  };
}

/** The lock file of the database at a path without links. */
export function lockPathOf(path: string): string {
  return `${path}.lock`;
}

/** Makes the database readable by its owner alone, also one that a copy or an old release left. */
async function makePrivate(path: string): Promise<void> {
  try {
    (await Deno.open(path, { create: true, write: true, mode: 0o600 })).close();
    for (const suffix of ["", "-wal", "-shm"]) {
      await Deno.chmod(`${path}${suffix}`, 0o600).catch((thrown) => {
        if (!(thrown instanceof Deno.errors.NotFound)) throw thrown;
      });
    }
  } catch {
    // It cannot be written, or is another user's: opening it says what that means.
  }
}

/** Device and inode; undefined when there is no file. */
function identityOf(path: string): string | undefined {
  try {
    const { dev, ino } = Deno.statSync(path);
    return `${dev}:${ino}`;
  } catch {
    return undefined;
  }
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
