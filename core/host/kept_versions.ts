/**
 * Copies of agents as they were when they last could be loaded, so that a version can be started
 * again when a newer one is broken: its file, and every file of the folder that it imports. A copy
 * lies in a folder that its hash names, as its files lay in the agents folder.
 */

import { join } from "node:path";
import { type Content, writeContent } from "./content.ts";

export class KeptVersions {
  readonly #folder: string;

  constructor(folder: string) {
    this.#folder = folder;
  }

  /** Keeps a copy, whole or not at all. */
  async keep(content: Content): Promise<void> {
    const copy = join(this.#folder, content.hash);
    if (await isThere(copy)) return;
    const partial = `${copy}.partial`;
    await removeAll(partial);
    await Deno.mkdir(partial, { recursive: true, mode: 0o700 });
    await writeContent(content, partial);
    await Deno.rename(partial, copy);
  }

  /** Where the agent file `name` lies in the copy with this hash. */
  pathOf(hash: string, name: string): string {
    return join(this.#folder, hash, name);
  }

  /** Forgets every copy but those with these hashes. */
  async prune(hashes: ReadonlySet<string>): Promise<void> {
    if (!await isThere(this.#folder)) return;
    for await (const { name } of Deno.readDir(this.#folder)) {
      if (!hashes.has(name)) await removeAll(join(this.#folder, name));
    }
  }
}

async function isThere(path: string): Promise<boolean> {
  try {
    await Deno.stat(path);
    return true;
  } catch (thrown) {
    if (thrown instanceof Deno.errors.NotFound) return false;
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
