/**
 * A file that is there whole or not at all. It is filled under a hidden name beside its place,
 * synced, and then renamed. A crash leaves at most the hidden file.
 */

import { basename, dirname, join } from "node:path";
import { AppError } from "../../../errors.ts";

/** What SQLite may put beside a database. */
export const sidecars: readonly string[] = ["-wal", "-shm", "-journal"];

/** A hidden name beside `path` that no other process uses; `end` says whose it is. */
export function temporaryFor(path: string, end: string): string {
  return join(dirname(path), `.${basename(path)}.${crypto.randomUUID()}.${end}`);
}

/**
 * Makes the file `path`, which must not exist; `fill` writes the database `temporary`. Only the
 * file's owner may read it, from its first byte on.
 * @throws {AppError} `conflict` if `path` exists; whatever `fill` and the file system throw.
 */
export async function makeWhole<Made>(
  path: string,
  temporary: string,
  fill: () => Promise<Made>,
): Promise<Made> {
  await refuseExisting(path);
  return await fillTemporary(temporary, fill, async () => {
    await refuseExisting(path);
    await Deno.rename(temporary, path);
  });
}

/** Fills and syncs `temporary`; `place` renames it. Whatever fails, no temporary file is left. */
export async function fillTemporary<Made>(
  temporary: string,
  fill: () => Promise<Made>,
  place: (made: Made) => Promise<void>,
): Promise<Made> {
  // Refuses what is there, a link too: nobody chooses where the copy goes.
  (await Deno.open(temporary, { createNew: true, write: true, mode: 0o600 })).close();
  try {
    const made = await fill();
    await syncFile(temporary);
    await place(made);
    await syncFolder(dirname(temporary));
    return made;
  } catch (thrown) {
    await removeDatabase(temporary);
    throw thrown;
  }
}

async function refuseExisting(path: string): Promise<void> {
  if (!await isThere(path)) return;
  throw new AppError("conflict", `Cannot back up to "${path}": it exists; give another name`);
}

/** Whether there is something of that name: also a link that leads nowhere. */
export async function isThere(path: string): Promise<boolean> {
  try {
    await Deno.lstat(path);
    return true;
  } catch (thrown) {
    if (thrown instanceof Deno.errors.NotFound) return false;
    throw thrown;
  }
}

/** Removes a database and what SQLite may have put beside it. */
export async function removeDatabase(path: string): Promise<void> {
  for (const name of [path, ...sidecars.map((suffix) => `${path}${suffix}`)]) {
    await removeIfThere(name);
  }
}

export async function removeIfThere(path: string): Promise<void> {
  try {
    await Deno.remove(path);
  } catch (thrown) {
    if (!(thrown instanceof Deno.errors.NotFound)) throw thrown;
  }
}

/** Has a file's content on the disk when it resolves. */
export async function syncFile(path: string): Promise<void> {
  using file = await Deno.open(path, { read: true, write: true });
  await file.sync();
}

/** Makes new names last through a power cut; Windows can't, and needs no such call. */
export async function syncFolder(folder: string): Promise<void> {
  if (Deno.build.os === "windows") return;
  using handle = await Deno.open(folder);
  await handle.sync();
}
