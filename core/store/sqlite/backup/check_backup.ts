/** Checks that a file is a backup that this program can restore. */

import { AppError } from "../../../errors.ts";
import type { Contents } from "../../backups.ts";
import { lockPathOf } from "../lock.ts";
import { readMigrations } from "../migrations.ts";
import { examine } from "./examine.ts";

/** The first bytes of every SQLite database. */
const magic = "SQLite format 3\0";

export function refused(file: string, found: string, advice: string): AppError {
  return new AppError("backup_refused", `Cannot restore "${file}": ${found}; ${advice}`);
}

/**
 * Refuses, before anything is copied, what is not a SQLite database or is in use.
 * @throws {AppError} `backup_refused`.
 */
export async function refuseForeign(file: string): Promise<void> {
  const advice = "name a file that `system backup` made";
  try {
    using opened = await Deno.open(file);
    if (!(await opened.stat()).isFile) throw refused(file, "it is not a file", advice);
    const bytes = new Uint8Array(magic.length);
    const length = await opened.read(bytes);
    if (length === null) throw refused(file, "it is empty", advice);
    if (new TextDecoder("latin1").decode(bytes) !== magic) {
      throw refused(file, "it is not a SQLite database", advice);
    }
  } catch (thrown) {
    if (thrown instanceof Deno.errors.NotFound) throw refused(file, "it does not exist", advice);
    throw thrown;
  }
  if (await isLocked(file)) {
    throw refused(file, "a daemon uses it", "make a copy of it with `system backup`");
  }
}

/**
 * Checks the copy that takes the database's place.
 * @throws {AppError} `backup_refused`, naming `file`.
 */
export async function checkBackup(
  file: string,
  copy: string,
  migrationsFolder: string,
): Promise<Contents & { readonly newestSchemaVersion: number }> {
  const examined = await examine(copy);
  const advice = "restore another backup";
  if (examined.kind === "unsound") throw refused(file, `it ${examined.found}`, advice);
  const { contents, migrations } = examined;
  const known = await readMigrations(migrationsFolder);
  const newest = known.at(-1)?.version ?? 0;
  if (contents.schemaVersion > newest) {
    throw refused(
      file,
      `it is from a newer release (schema ${contents.schemaVersion}, this one knows ${newest})`,
      `install that release, or ${advice}`,
    );
  }
  const foreign = migrations.find(({ version, name }, at) =>
    version !== at + 1 || name !== known[at]?.name
  );
  if (foreign) {
    const found = `it is not a database of 100AC: it has had a migration "${foreign.name}"`;
    throw refused(file, found, advice);
  }
  return { ...contents, newestSchemaVersion: newest };
}

async function isLocked(file: string): Promise<boolean> {
  try {
    using lock = await Deno.open(lockPathOf(file));
    return !await lock.tryLock(false);
  } catch (thrown) {
    if (thrown instanceof Deno.errors.NotFound) return false;
    throw thrown;
  }
}
