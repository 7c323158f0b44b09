/**
 * Puts a backup in the place of a database that no daemon uses. Whenever this process is killed,
 * the database is the old one or the new one, whole:
 *
 * 1. the backup is copied beside the database; the copy is checked and synced;
 * 2. the old database's journal is moved into its file, so that the file alone is the database;
 * 3. the old file gets a second name, under which it is kept;
 * 4. the copy is renamed to the database's name.
 *
 * SQLite applies a journal that is left to any file of that name, so 2 must come before 4.
 */

import { basename, dirname, join } from "node:path";
import { AppError, messageOf } from "../../../errors.ts";
import { databasePath } from "../../address.ts";
import type { Restored } from "../../backups.ts";
import { lockDatabase, lockPathOf, type StoreLock } from "../lock.ts";
import { onServer } from "./copy.ts";
import { checkBackup, refused, refuseForeign } from "./check_backup.ts";
import { instantName } from "./folder.ts";
import { copyDatabaseFiles, identityOf, keepReplaced } from "./replaced.ts";
import { fillTemporary, isThere, removeDatabase } from "./whole_file.ts";

export interface RestoreOptions {
  /** The database that is replaced. */
  readonly url: string;
  /** The backup, which is only read. */
  readonly file: string;
  /** Those of this program: a newer schema is refused. */
  readonly migrationsFolder: string;
  readonly now?: () => number;
}

/**
 * Replaces the database by the backup `file`.
 * @throws {AppError} `conflict` if a daemon or another restore uses the database; `backup_refused`
 * for a file that is no whole backup of this release or an earlier one, and for a database on a
 * server; `backup_failed`.
 */
export async function restoreDatabase(options: RestoreOptions): Promise<Restored> {
  const { url, file } = options;
  const named = databasePath(url);
  if (named === undefined) throw onServer("restore", url, "restore a backup");
  await refuseForeign(file);
  const isNew = !await isThere(named);
  const lock = await lockForRestore(url, named);
  try {
    return await place(options, await Deno.realPath(named), isNew);
  } catch (thrown) {
    if (isNew) await removeEmpty(named);
    if (thrown instanceof AppError) throw thrown;
    throw new AppError("backup_failed", `Cannot restore "${file}": ${messageOf(thrown)}`, {
      cause: thrown,
    });
  } finally {
    lock?.release();
  }
}

async function lockForRestore(url: string, path: string): Promise<StoreLock | undefined> {
  try {
    return await lockDatabase(url);
  } catch (thrown) {
    if (!(thrown instanceof AppError && thrown.code === "already_running")) throw thrown;
    throw new AppError(
      "conflict",
      `Cannot restore into "${path}": a daemon or another restore uses it; stop the daemon, then ` +
        `restore`,
    );
  }
}

/** `database` has no links: the rename must replace the file itself. */
async function place(
  { file, migrationsFolder, now = Date.now }: RestoreOptions,
  database: string,
  isNew: boolean,
): Promise<Restored> {
  if (await identityOf(file) === await identityOf(database)) {
    throw refused(file, "it is the database itself", "name a backup");
  }
  const temporary = join(dirname(database), `.${basename(database)}.restore.tmp`);
  await removeDatabase(temporary); // of a restore that was killed
  const owner = isNew ? dirname(database) : database;
  let kept: string | undefined;
  const checked = await fillTemporary(temporary, async () => {
    await copyDatabaseFiles(file, temporary);
    return await checkBackup(file, temporary, migrationsFolder);
  }, async () => {
    await giveToOwner(temporary, owner);
    await giveToOwner(lockPathOf(database), owner);
    kept = await keepReplaced(database, `${database}.before-restore-${instantName(now())}`);
    await Deno.rename(temporary, database);
  });
  return { ...checked, database, kept };
}

/** Root restores for the user who runs the daemon. */
async function giveToOwner(path: string, like: string): Promise<void> {
  if (Deno.uid() !== 0) return;
  const { uid, gid } = await Deno.stat(like);
  if (uid !== null && gid !== null) await Deno.chown(path, uid, gid);
}

/** The lock has made it. */
async function removeEmpty(path: string): Promise<void> {
  if ((await Deno.stat(path)).size === 0) await removeDatabase(path);
}
