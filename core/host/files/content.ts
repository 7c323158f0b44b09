/**
 * The content of an agent: its file and every file it imports from the agents folder, with one hash
 * over all. Files are only read as data, and unusual ones (a link to a device, a pipe, a folder,
 * gigabytes) must cost nothing.
 */

import { dirname, join, relative, resolve, sep } from "node:path";
import { version } from "../../version.ts";

const filesMax = 500;
/** Of a larger file, only size and date enter the hash. */
const fileBytesMax = 4 * 1024 * 1024;

/** Relative imports, as the runtime resolves them; built-in and npm modules do not change. */
const importPattern = /\b(?:from|import)\s*(?:\(\s*)?["'](\.{1,2}\/[^"'\n]+)["']/g;

export interface Content {
  readonly hash: string;
  /** By path relative to the agents folder, with `/`. */
  readonly files: ReadonlyMap<string, Uint8Array<ArrayBuffer>>;
  /** When the newest of the files was written, in UTC milliseconds. */
  readonly writtenAtMs: number;
}

/**
 * The content of the agent at `path` in the folder `root`. A missing file enters the hash as
 * missing.
 */
export async function readContent(root: string, path: string): Promise<Content> {
  const files = new Map<string, Uint8Array<ArrayBuffer>>();
  const notRead: [string, string][] = [];
  let writtenAtMs = 0;
  const seen = new Set<string>();
  const waiting = [path];
  for (let file = waiting.pop(); file !== undefined; file = waiting.pop()) {
    // Hosts can read only this folder and packages.
    if (seen.has(file) || seen.size >= filesMax || !file.startsWith(root + sep)) continue;
    seen.add(file);
    const name = relative(root, file).split(sep).join("/");
    const found = await readSmall(file);
    if (typeof found === "string") {
      notRead.push([name, found]);
      continue;
    }
    const { bytes, mtimeMs } = found;
    files.set(name, bytes);
    writtenAtMs = Math.max(writtenAtMs, mtimeMs);
    for (const [, target = ""] of new TextDecoder().decode(bytes).matchAll(importPattern)) {
      waiting.push(resolve(dirname(file), target));
    }
  }
  return { hash: await hashOf(files, notRead), files, writtenAtMs };
}

/** Writes the files below `folder`, with their relative paths and dates. */
export async function writeContent(
  { files, writtenAtMs }: Content,
  folder: string,
): Promise<void> {
  for (const [name, bytes] of files) {
    const path = join(folder, name);
    await Deno.mkdir(dirname(path), { recursive: true, mode: 0o700 });
    await Deno.writeFile(path, bytes, { mode: 0o600 });
    await Deno.utime(path, new Date(writtenAtMs), new Date(writtenAtMs));
  }
}

interface SmallFile {
  readonly bytes: Uint8Array<ArrayBuffer>;
  readonly mtimeMs: number;
}

/** The file's bytes, or a text that stands for them when they are not read. */
async function readSmall(path: string): Promise<SmallFile | string> {
  try {
    const { isFile, size, mtime } = await Deno.stat(path);
    if (!isFile) return "no file";
    const mtimeMs = mtime?.getTime() ?? 0;
    if (size > fileBytesMax) return `${size} bytes of ${mtimeMs}`;
    return { bytes: await Deno.readFile(path), mtimeMs };
  } catch (thrown) {
    // A file that cannot be read here cannot be imported either; the scan reports why.
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
