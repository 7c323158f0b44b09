/** The folder of backups: names of files, and what is there. */

import { join } from "node:path";
import { AppError, messageOf } from "../../../errors.ts";
import type { BackupFile } from "../../backups.ts";
import { removeDatabase, removeIfThere, syncFolder } from "./whole_file.ts";

/** Backups before a migration that are kept, the newest. */
export const automaticKept = 3;

const namePattern = /^[A-Za-z0-9][A-Za-z0-9._-]{0,119}\.db$/;
const automaticPattern = /^before-\d+-\d{4}-\d\d-\d\dT\d\d-\d\d-\d\d-\d{3}Z\.db$/;
/** How the hidden names of backups end that the daemon has begun. */
export const temporaryEnd = "backup.tmp";

/** The name of a backup before the migration to a schema. */
export function automaticName(version: number, atMs: number): string {
  return `before-${version}-${instantName(atMs)}.db`;
}

/** An instant as part of a file's name on any system: `2026-11-27T14-30-00-000Z`. */
export function instantName(atMs: number): string {
  return new Date(atMs).toISOString().replace(/[:.]/g, "-");
}

/**
 * Letters, digits and `._-` only, so that a name leads nowhere but into the folder.
 * @throws {AppError} `invalid_input`.
 */
export function checkName(name: string): void {
  const isAutomatic = automaticPattern.test(name);
  if (namePattern.test(name) && !isAutomatic) return;
  const found = isAutomatic
    ? "such names are for backups before a migration, of which old ones are removed"
    : "a name has at most 120 letters, digits, dots, dashes and underscores, then .db";
  throw new AppError("invalid_input", `Cannot back up to "${name}": ${found}`);
}

/**
 * Makes the folder if it is missing; removes what a killed daemon has left in it.
 * @throws {AppError} `backup_failed` if it can't be used.
 */
export async function prepareFolder(folder: string): Promise<void> {
  try {
    await Deno.mkdir(folder, { mode: 0o700 });
    await syncFolder(join(folder, ".."));
  } catch (thrown) {
    if (!(thrown instanceof Deno.errors.AlreadyExists)) throw cannotUse(folder, messageOf(thrown));
    // A link could lead a client's backups anywhere.
    const { isDirectory } = await Deno.lstat(folder);
    if (!isDirectory) throw cannotUse(folder, "it is a link or a file");
  }
  for (const name of await namesIn(folder)) {
    if (name.startsWith(".") && name.endsWith(`.${temporaryEnd}`)) {
      await removeDatabase(join(folder, name));
    }
  }
}

/** The backups in the folder, newest first. */
export async function filesIn(folder: string): Promise<readonly BackupFile[]> {
  const names = (await namesIn(folder)).filter((name) => namePattern.test(name));
  const files = (await Promise.all(names.map((name) => fileOf(folder, name)))).flat();
  return files.toSorted((a, b) => b.madeAtMs - a.madeAtMs || (a.name < b.name ? 1 : -1));
}

/** Removes the oldest backups before a migration. */
export async function removeSurplus(folder: string): Promise<void> {
  const automatic = (await filesIn(folder)).filter(({ automatic }) => automatic);
  for (const { name } of automatic.slice(automaticKept)) await removeIfThere(join(folder, name));
}

function cannotUse(folder: string, found: string): AppError {
  return new AppError(
    "backup_failed",
    `Cannot back up into "${folder}": ${found}; make it a folder that may be written`,
  );
}

/** Nothing where there is no folder. */
async function namesIn(folder: string): Promise<string[]> {
  try {
    return (await Array.fromAsync(Deno.readDir(folder))).map(({ name }) => name);
  } catch (thrown) {
    if (thrown instanceof Deno.errors.NotFound) return [];
    throw thrown;
  }
}

/** Nothing if it has been removed, or is no file. */
async function fileOf(folder: string, name: string): Promise<BackupFile[]> {
  try {
    const { isFile, size: bytes, mtime } = await Deno.lstat(join(folder, name));
    const madeAtMs = mtime?.getTime() ?? 0;
    return isFile ? [{ name, bytes, madeAtMs, automatic: automaticPattern.test(name) }] : [];
  } catch (thrown) {
    if (thrown instanceof Deno.errors.NotFound) return [];
    throw thrown;
  }
}
