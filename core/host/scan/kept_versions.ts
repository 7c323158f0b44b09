/**
 * Copies of agents as they were when they last could be loaded, so that an older version can run
 * when a newer one is broken: its file and every file of the folder it imports. A copy is in a
 * folder named after its hash, laid out like the agents folder. Anything else in the folder of
 * copies, including links, is foreign: it is neither used nor removed.
 */

import { join } from "node:path";
import type { ReadFile } from "./agent_files.ts";
import { type Content, readContent, writeContent } from "../files/content.ts";
import { scanAgents } from "./scan.ts";

/** The name of a copy, or of one that a crash left half written. */
const copyName = /^[0-9a-f]{64}(\.partial)?$/;

export class KeptVersions {
  readonly #folder: string;

  constructor(folder: string) {
    this.#folder = folder;
  }

  /** Keeps a copy, completely or not at all. */
  async keep(content: Content): Promise<void> {
    const copy = join(this.#folder, content.hash);
    if (await isFolder(copy)) return;
    const partial = `${copy}.partial`;
    await removeAll(partial);
    await Deno.mkdir(partial, { recursive: true, mode: 0o700 });
    await writeContent(content, partial);
    await Deno.rename(partial, copy);
  }

  /** The path of the agent file `name` in the copy with this hash. */
  pathOf(hash: string, name: string): string {
    return join(this.#folder, hash, name);
  }

  /**
   * Kept copies of these files in other versions than the current ones, for an agent to go back to.
   * A copy counts only if its content still has its hash, and its manifest is scanned again.
   */
  async recall(
    read: readonly ReadFile[],
    readable: readonly string[],
    signal: AbortSignal,
  ): Promise<ReadFile[]> {
    const recalled: ReadFile[] = [];
    for (const { result: { file: { name } }, hash } of read) {
      const content = await this.#newestOf(name, hash);
      if (!content) continue;
      const file = { name, path: this.pathOf(content.hash, name) };
      const folders = [join(this.#folder, content.hash), ...readable];
      const [result] = await scanAgents([file], { readable: folders, signal });
      if (result) recalled.push({ result, hash: content.hash, content });
    }
    return recalled;
  }

  async #newestOf(name: string, hashNow: string): Promise<Content | undefined> {
    let newest: Content | undefined;
    for (const hash of await this.#hashes()) {
      const path = this.pathOf(hash, name);
      if (hash === hashNow || !await isFile(path)) continue;
      const content = await readContent(join(this.#folder, hash), path);
      // It may be a copy of another agent that imports this file.
      if (content.hash !== hash) continue;
      if (!newest || content.writtenAtMs > newest.writtenAtMs) newest = content;
    }
    return newest;
  }

  /** Removes every copy except those with these hashes. */
  async prune(hashes: ReadonlySet<string>): Promise<void> {
    for (const hash of await this.#hashes()) {
      if (!hashes.has(hash)) await removeAll(join(this.#folder, hash));
    }
  }

  /** Hashes of the copies; links do not count. */
  async #hashes(): Promise<string[]> {
    if (!await isFolder(this.#folder)) return [];
    const entries = await Array.fromAsync(Deno.readDir(this.#folder));
    return entries.filter(({ name, isDirectory }) => isDirectory && copyName.test(name))
      .map(({ name }) => name);
  }
}

async function isFolder(path: string): Promise<boolean> {
  return (await look(path))?.isDirectory === true;
}

async function isFile(path: string): Promise<boolean> {
  return (await look(path))?.isFile === true;
}

/** Stats a path itself, without following a link; undefined when it is missing. */
async function look(path: string): Promise<Deno.FileInfo | undefined> {
  try {
    return await Deno.lstat(path);
  } catch (thrown) {
    if (thrown instanceof Deno.errors.NotFound) return undefined;
    throw thrown;
  }
}

async function removeAll(path: string): Promise<void> {
  try {
    await Deno.remove(path, { recursive: true });
  } catch (thrown) {
    if (!(thrown instanceof Deno.errors.NotFound)) throw thrown;
  }
}
