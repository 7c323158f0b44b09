/**
 * What an agent is made of: its file and every file of the agents folder that it imports, with one
 * hash for all. Files are read as data, and whatever they are: a link to a device, a pipe, a folder
 * or gigabytes must cost nothing.
 */

import { dirname, join, relative, resolve, sep } from "node:path";
import { version } from "../version.ts";

const filesMax = 500;
/** A larger file counts by its size and its date. */
const fileBytesMax = 4 * 1024 * 1024;

/** Relative imports, as the runtime would follow them; built-in and npm ones do not change. */
const importPattern = /\b(?:from|import)\s*(?:\(\s*)?["'](\.{1,2}\/[^"'\n]+)["']/g;

export interface Content {
  readonly hash: string;
  /** By path in the agents folder, with `/`. */
  readonly files: ReadonlyMap<string, Uint8Array<ArrayBuffer>>;
}

/** The content of the agent at `path` in the folder `root`; a missing file counts as such. */
export async function readContent(root: string, path: string): Promise<Content> {
  const files = new Map<string, Uint8Array<ArrayBuffer>>();
  const notRead: [string, string][] = [];
  const seen = new Set<string>();
  const waiting = [path];
  for (let file = waiting.pop(); file !== undefined; file = waiting.pop()) {
    // Hosts read nothing else of the disk, but for packages.
    if (seen.has(file) || seen.size >= filesMax || !file.startsWith(root + sep)) continue;
    seen.add(file);
    const name = relative(root, file).split(sep).join("/");
    const found = await readSmall(file);
    if (typeof found === "string") {
      notRead.push([name, found]);
      continue;
    }
    files.set(name, found);
    for (const [, target = ""] of new TextDecoder().decode(found).matchAll(importPattern)) {
      waiting.push(resolve(dirname(file), target));
    }
  }
  return { hash: await hashOf(files, notRead), files };
}

/** Writes the files of a content below `folder`, as they lie in the agents folder. */
export async function writeContent({ files }: Content, folder: string): Promise<void> {
  for (const [name, bytes] of files) {
    const path = join(folder, name);
    await Deno.mkdir(dirname(path), { recursive: true, mode: 0o700 });
    await Deno.writeFile(path, bytes, { mode: 0o600 });
  }
}

/** The bytes of a file, or what it is where they are not to be had. */
async function readSmall(path: string): Promise<Uint8Array<ArrayBuffer> | string> {
  try {
    const { isFile, size, mtime } = await Deno.stat(path);
    if (!isFile) return "no file";
    return size > fileBytesMax ? `${size} bytes of ${mtime?.getTime()}` : await Deno.readFile(path);
  } catch (thrown) {
    // What can't be read here can't be imported either, which the scan tells.
    return thrown instanceof Error ? thrown.name : "not to be read";
  }
}

async function hashOf(
  files: ReadonlyMap<string, Uint8Array<ArrayBuffer>>,
  notRead: readonly [string, string][],
): Promise<string> {
  const parts = await Promise.all([...files].map(async ([name, bytes]) => {
    return [name, await sha256(bytes)] as const;
  }));
  const all = [...parts, ...notRead].sort(([a], [b]) => (a < b ? -1 : 1));
  return await sha256(new TextEncoder().encode(JSON.stringify([version, ...all])));
}

async function sha256(bytes: Uint8Array<ArrayBuffer>): Promise<string> {
  return new Uint8Array(await crypto.subtle.digest("SHA-256", bytes)).toHex();
}
