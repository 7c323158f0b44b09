/**
 * Finds the agent files: every `.ts` file under the agents folder. Names that begin with `_` are
 * helpers. Links that leave the folder are ignored, because hosts cannot read their targets.
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

/**
 * The agent files of a folder, sorted by name.
 * @throws {AppError} `invalid_config` when the folder cannot be read or holds too many files.
 */
export async function findAgentFiles(folder: string): Promise<AgentFile[]> {
  const files: AgentFile[] = [];
  try {
    const root = await Deno.realPath(folder);
    await collect(root, root, 0, files);
  } catch (thrown) {
    if (thrown instanceof AppError) throw thrown;
    throw new AppError(
      "invalid_config",
      `Cannot read the agents folder "${folder}": ${messageOf(thrown)}; set AC100_AGENTS_DIR`,
      { cause: thrown },
    );
  }
  return files.sort((a, b) => (a.name < b.name ? -1 : 1));
}

async function collect(
  root: string,
  folder: string,
  depth: number,
  files: AgentFile[],
): Promise<void> {
  if (depth > depthMax) return;
  for await (const entry of Deno.readDir(folder)) {
    if (entry.name.startsWith("_") || entry.name.startsWith(".")) continue;
    const path = join(folder, entry.name);
    if (entry.isDirectory) await collect(root, path, depth + 1, files);
    else if (entry.name.endsWith(".ts") && (entry.isFile || await leadsInside(root, path))) {
      files.push({ name: relative(root, path).split(sep).join("/"), path });
    }
    if (files.length > filesMax) {
      throw new AppError(
        "invalid_config",
        `Cannot read the agents folder "${root}": it holds over ${filesMax} agents; move some out`,
      );
    }
  }
}

/** Whether a link leads to a regular file inside the folder; pipes and sockets do not count. */
async function leadsInside(root: string, path: string): Promise<boolean> {
  try {
    const real = await Deno.realPath(path);
    return real.startsWith(root + sep) && (await Deno.stat(real)).isFile;
  } catch (thrown) {
    if (thrown instanceof Deno.errors.NotFound) return false; // the link's target is missing
    if (thrown instanceof Deno.errors.FilesystemLoop) return false;
    throw thrown;
  }
}
