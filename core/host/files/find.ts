/**
 * Which files are agents: every `.ts` file under the agents folder. Names that begin with `_` are
 * helpers; what a link leads to outside the folder is left out, for hosts read nothing else.
 */

import { join, relative, sep } from "node:path";
import { AppError, messageOf } from "../../errors.ts";

const filesMax = 1_000;
const depthMax = 16;

export interface AgentFile {
  /** Relative to the agents folder, with `/`: how the file is called everywhere. */
  readonly name: string;
  /** The real, absolute path. */
  readonly path: string;
}

/**
 * The agent files of a folder, sorted by name.
 * @throws {AppError} `invalid_config` when the folder can't be read or holds too many files.
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
        `Cannot read the agents folder "${root}": it holds more than ${filesMax} agents`,
      );
    }
  }
}

/** Whether it is a link to a file inside; a pipe, or a socket, is nothing to read. */
async function leadsInside(root: string, path: string): Promise<boolean> {
  try {
    const real = await Deno.realPath(path);
    return real.startsWith(root + sep) && (await Deno.stat(real)).isFile;
  } catch (thrown) {
    if (thrown instanceof Deno.errors.NotFound) return false; // a link to nowhere
    if (thrown instanceof Deno.errors.FilesystemLoop) return false;
    throw thrown;
  }
}
