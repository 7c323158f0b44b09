/**
 * Finds the agent files: every `.ts` file under the agents folder. Names that begin with `_` are
 * helpers. Links that leave the folder are ignored, and hosts cannot read through them.
 */

import { join, relative, sep } from "node:path";
import { AppError, messageOf } from "../../errors.ts";

const filesMax = 1_000;
const depthMax = 16;

export interface AgentFile {
  /** Path relative to the agents folder, with `/`; the file's name everywhere. */
  readonly name: string;
  /** The real, absolute path. */
  readonly path: string;
}

/** What is in an agents folder. */
export interface AgentFolder {
  /** Sorted by name. */
  readonly files: readonly AgentFile[];
  /** Subfolders that cannot be read, with the reason. */
  readonly unreadable: readonly { readonly name: string; readonly reason: string }[];
  /** Links that lead out of the folder, absolute. */
  readonly linksOut: readonly string[];
}

/**
 * The agent files of a folder.
 * @throws {AppError} `invalid_config` when the folder cannot be read or holds too many files.
 */
export async function findAgentFiles(folder: string): Promise<AgentFolder> {
  const found: Found = { files: [], unreadable: [], linksOut: [] };
  try {
    const root = await Deno.realPath(folder);
    // A folder below is an entry, and its failure its own; this one has to be readable.
    await Array.fromAsync(Deno.readDir(root));
    await collect(root, root, 0, found);
  } catch (thrown) {
    if (thrown instanceof AppError) throw thrown;
    throw new AppError(
      "invalid_config",
      `Cannot read the agents folder "${folder}": ${messageOf(thrown)}; set AC100_AGENTS_DIR`,
      { cause: thrown },
    );
  }
  return { ...found, files: found.files.sort((a, b) => (a.name < b.name ? -1 : 1)) };
}

type Found = { [List in keyof AgentFolder]: AgentFolder[List][number][] };

async function collect(root: string, folder: string, depth: number, found: Found): Promise<void> {
  if (depth > depthMax) return;
  for (const { name, isFile, isDirectory, isSymlink } of await entriesOf(root, folder, found)) {
    const path = join(folder, name);
    const target = isSymlink ? await targetOf(path) : path;
    if (target === undefined || !target.startsWith(root + sep)) {
      // A list of paths that a process is denied has no way to write a comma.
      if (path.includes(",")) throw cannotDeny(root, nameOf(root, path));
      found.linksOut.push(path);
      continue;
    }
    if (name.startsWith(".")) continue;
    // Helpers are no agents, but a link among them may lead out, too.
    const isHelper = name.startsWith("_") || isHelperFolder(root, folder);
    if (isDirectory) await collect(root, path, depth + 1, found);
    else if (!isHelper && name.endsWith(".ts") && (isFile || await isRegular(target))) {
      found.files.push({ name: nameOf(root, path), path });
    }
    if (found.files.length > filesMax) {
      throw new AppError(
        "invalid_config",
        `Cannot read the agents folder "${root}": it holds over ${filesMax} agents; move some out`,
      );
    }
  }
}

function cannotDeny(root: string, link: string): AppError {
  return new AppError(
    "invalid_config",
    `Cannot read the agents folder "${root}": the link "${link}" leads out of it, and its path ` +
      `has a comma, so that it cannot be closed to agents; rename or remove it`,
  );
}

async function entriesOf(root: string, folder: string, found: Found): Promise<Deno.DirEntry[]> {
  try {
    return await Array.fromAsync(Deno.readDir(folder));
  } catch (thrown) {
    const reason = `Cannot read folder "${nameOf(root, folder)}": ${messageOf(thrown)}`;
    found.unreadable.push({ name: nameOf(root, folder), reason });
    return [];
  }
}

function isHelperFolder(root: string, folder: string): boolean {
  return nameOf(root, folder).split("/").some((part) => part.startsWith("_"));
}

function nameOf(root: string, path: string): string {
  return relative(root, path).split(sep).join("/");
}

/** Where a link leads; undefined when it leads nowhere, or that cannot be found out. */
async function targetOf(link: string): Promise<string | undefined> {
  try {
    return await Deno.realPath(link);
  } catch {
    return undefined;
  }
}

/** Pipes, sockets and devices are no files. */
async function isRegular(path: string): Promise<boolean> {
  try {
    return (await Deno.stat(path)).isFile;
  } catch {
    return false;
  }
}
