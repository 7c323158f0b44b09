/** The database that a restore replaces: kept under another name, whole. */

import { basename, dirname, join } from "node:path";
import { pathToFileURL } from "node:url";
import { createClient } from "@libsql/client";
import { AppError } from "../../../errors.ts";
import { isDamage } from "./examine.ts";
import { isThere, removeIfThere, sidecars, syncFile, syncFolder } from "./whole_file.ts";

/** What belongs to a database's content; the rest SQLite makes anew. */
const journals = ["-wal", "-journal"];

/**
 * Gives the database a second name and leaves nothing beside it that SQLite would apply to the one
 * that takes its place. Returns the second name; undefined for an empty database.
 * @throws {AppError} `conflict` if another program has the database open.
 */
export async function keepReplaced(database: string, kept: string): Promise<string | undefined> {
  await forgetSecondNames(database);
  // One that is damaged is kept with its journals as they are.
  const parts = await moveJournal(database) ? [""] : ["", ...journals];
  const isEmpty = (await Deno.stat(database)).size === 0;
  for (const part of isEmpty ? [] : parts) await keep(`${database}${part}`, `${kept}${part}`);
  await syncFolder(dirname(database));
  for (const part of sidecars) await removeIfThere(`${database}${part}`);
  // After a power cut, too, no journal may be back beside the next database.
  await syncFolder(dirname(database));
  return isEmpty ? undefined : kept;
}

/** Copies a database that nobody uses, with the journals beside it. */
export async function copyDatabaseFiles(from: string, to: string): Promise<void> {
  for (const part of ["", ...journals]) {
    if (await isThere(`${from}${part}`)) await copyFile(`${from}${part}`, `${to}${part}`);
  }
}

/** Device and inode: the same for two names of one file. */
export async function identityOf(path: string): Promise<string> {
  const { dev, ino } = await Deno.stat(path);
  return `${dev}:${ino}`;
}

/** A restore that was killed before its rename has left another name of the database in use. */
async function forgetSecondNames(database: string): Promise<void> {
  const folder = dirname(database);
  const identity = await identityOf(database);
  const begin = `${basename(database)}.before-restore-`;
  for (const { name } of await Array.fromAsync(Deno.readDir(folder))) {
    const path = join(folder, name);
    if (name.startsWith(begin) && await identityOf(path) === identity) await Deno.remove(path);
  }
}

/** Moves the journal into the file and ends WAL mode. Returns false if the database is damaged. */
async function moveJournal(database: string): Promise<boolean> {
  const client = createClient({ url: pathToFileURL(database).href, concurrency: 1 });
  try {
    await client.execute("PRAGMA synchronous = FULL");
    // Needs the database for itself.
    const { rows: [row] } = await client.execute("PRAGMA journal_mode = DELETE");
    if (row?.["journal_mode"] === "delete") return true;
    throw inUse(database);
  } catch (thrown) {
    if (isDamage(thrown)) return false;
    const code = thrown instanceof Error && "code" in thrown ? String(thrown.code) : "";
    throw code.startsWith("SQLITE_BUSY") ? inUse(database) : thrown;
  } finally {
    client.close();
  }
}

function inUse(database: string): AppError {
  return new AppError(
    "conflict",
    `Cannot replace "${database}": another program has it open; end it, then restore`,
  );
}

/** A second name for a file; a copy where the file system has no second names. */
async function keep(path: string, kept: string): Promise<void> {
  if (!await isThere(path)) return;
  try {
    await Deno.link(path, kept);
  } catch (thrown) {
    if (thrown instanceof Deno.errors.AlreadyExists) throw thrown;
    await copyFile(path, kept);
    await syncFile(kept);
  }
}

/** Readable by its owner only, whoever may read the original. */
async function copyFile(from: string, to: string): Promise<void> {
  const target = await Deno.open(to, { create: true, write: true, mode: 0o600 });
  const source = await Deno.open(from);
  await source.readable.pipeTo(target.writable);
}
