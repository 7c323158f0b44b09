/**
 * Checks the configured folders against each other before anything is written. The daemon removes
 * old copies of agents from one folder, and hosts may read all of another. The user's files must
 * not be in the first, and the daemon's files must not be in the second. Other overlaps are
 * harmless: a data folder may hold the agents folder.
 */

import { basename, dirname, join, sep } from "node:path";
import { fileURLToPath } from "node:url";
import type { Config } from "../config.ts";
import { AppError, messageOf } from "../errors.ts";

/** The migrations of this release. */
export const migrationsFolder = fileURLToPath(new URL("../../migrations", import.meta.url));

/** The folder for copies of agents. It holds nothing else, so that old copies can be removed. */
export function keptFolderOf({ dataFolder }: Pick<Config, "dataFolder">): string {
  return join(dataFolder, "kept_versions");
}

/** The folder for backups. */
export function backupsFolderOf({ dataFolder }: Pick<Config, "dataFolder">): string {
  return join(dataFolder, "backups");
}

/**
 * Refuses folders that must not contain each other; compares their real paths.
 * @throws {AppError} `invalid_config`.
 */
export async function checkFolders(config: Config): Promise<void> {
  const { dataFolder, agentsFolder, workflowsFolder } = config;
  const kept = keptFolderOf(config);
  if (await isLink(kept)) {
    throw refused("folder of kept copies", kept, "it is a link", "remove the link");
  }
  if (await liesIn(dataFolder, agentsFolder)) {
    const found = `it is in the agents folder "${agentsFolder}", which all agents read`;
    throw refused("data folder", dataFolder, found, "set AC100_DATA_DIR to a folder outside it");
  }
  const ofTheUser = [
    { thing: "agents folder", path: agentsFolder, setting: "AC100_AGENTS_DIR" },
    { thing: "workflows folder", path: workflowsFolder, setting: "AC100_WORKFLOWS_DIR" },
  ];
  for (const { thing, path, setting } of ofTheUser) {
    if (!await liesIn(path, kept)) continue;
    const found = `it is in "${kept}", where old copies of agents are removed`;
    throw refused(thing, path, found, `set ${setting} to a folder outside it`);
  }
}

function refused(thing: string, path: string, found: string, advice: string): AppError {
  return new AppError("invalid_config", `Cannot use ${thing} "${path}": ${found}; ${advice}`);
}

async function liesIn(inner: string, outer: string): Promise<boolean> {
  const [innerPath, outerPath] = [await realPath(inner), await realPath(outer)];
  return innerPath === outerPath || innerPath.startsWith(outerPath + sep);
}

/** The real path; for a path that does not exist yet, the place where it would be created. */
async function realPath(path: string): Promise<string> {
  try {
    return await Deno.realPath(path);
  } catch (thrown) {
    // An unreadable path is reported by the code that opens it.
    if (!(thrown instanceof Deno.errors.NotFound) || dirname(path) === path) return path;
    return join(await realPath(dirname(path)), basename(path));
  }
}

async function isLink(path: string): Promise<boolean> {
  try {
    return (await Deno.lstat(path)).isSymlink;
  } catch (thrown) {
    if (thrown instanceof Deno.errors.NotFound) return false;
    throw thrown;
  }
}

/**
 * Makes the data folder if it is missing.
 * @throws {AppError} `invalid_config`.
 */
export async function makeDataFolder(folder: string): Promise<void> {
  try {
    await Deno.mkdir(folder, { recursive: true, mode: 0o700 });
  } catch (thrown) {
    throw new AppError(
      "invalid_config",
      `Cannot make the data folder "${folder}": ${messageOf(thrown)}; set AC100_DATA_DIR`,
      { cause: thrown },
    );
  }
}
