/** What an agent is made of, as one hash: its file and every file of its folder that it imports. */

import { dirname, resolve } from "node:path";
import { version } from "../version.ts";

const filesMax = 500;

/** Relative imports, as the runtime would follow them; built-in and npm ones do not change. */
const importPattern = /(?:\bfrom|\bimport)\s*\(?\s*["'](\.{1,2}\/[^"']+)["']/g;

/** Hash of the files that `path` leads to; a missing one counts as such. */
export async function hashAgent(path: string): Promise<string> {
  const texts = new Map<string, string>();
  const waiting = [path];
  for (let file = waiting.pop(); file !== undefined; file = waiting.pop()) {
    if (texts.has(file) || texts.size >= filesMax) continue;
    const text = await readText(file);
    texts.set(file, text);
    for (const [, target = ""] of text.matchAll(importPattern)) {
      waiting.push(resolve(dirname(file), target));
    }
  }
  const parts = [...texts].sort(([a], [b]) => (a < b ? -1 : 1)).flat();
  const bytes = new TextEncoder().encode(JSON.stringify([version, ...parts]));
  return new Uint8Array(await crypto.subtle.digest("SHA-256", bytes)).toHex();
}

async function readText(path: string): Promise<string> {
  try {
    return await Deno.readTextFile(path);
  } catch (thrown) {
    if (thrown instanceof Deno.errors.NotFound) return "";
    throw thrown;
  }
}
