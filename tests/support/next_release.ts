/** The migrations of a release to come: those of this one, and some that add a table each. */

import { readMigrations } from "../../core/store/sqlite/migrations.ts";
import { makeTempFolder, type TempFolder } from "./temp_folder.ts";
import { migrationsFolder } from "./temp_store.ts";

/** The newest schema of this release. */
export const newestSchema = (await readMigrations(migrationsFolder)).length;

/** A folder with `more` migrations than this release has; with fewer, if it is negative. */
export async function migrationsWith(more: number): Promise<TempFolder> {
  const folder = await makeTempFolder();
  await addMigrations(folder, more);
  return folder;
}

/** Has as many migrations in the folder as another release. */
export async function addMigrations(folder: TempFolder, more: number): Promise<void> {
  const known = await readMigrations(migrationsFolder);
  for (let version = 1; version <= newestSchema + more; version++) {
    const { name, sql } = known[version - 1] ??
      { name: nameOf(version), sql: `CREATE TABLE of_${version} (x INTEGER) STRICT;` };
    await folder.write(name, sql);
  }
}

function nameOf(version: number): string {
  return `${String(version).padStart(4, "0")}_of_a_release_to_come.sql`;
}
