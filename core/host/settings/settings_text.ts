/**
 * Reads agents.yaml as text. The file is optional. It may be anything that lies there under this
 * name: a folder, a pipe, a link to a secret of the machine, gigabytes.
 */

import { join, sep } from "node:path";
import { messageOf } from "../../errors.ts";

/** Small enough to be parsed in the daemon's thread: about 5,000 lines. */
export const bytesMax = 262_144;

/** The text, empty when the file is missing; or why there is none to be had. */
export type SettingsText = { readonly text: string } | { readonly found: string };

export async function readSettingsText(folder: string, name: string): Promise<SettingsText> {
  try {
    const root = await Deno.realPath(folder);
    const path = join(root, name);
    // A report of problems shows lines of the file: they must be lines of the agents folder.
    if (!(await Deno.realPath(path)).startsWith(root + sep)) {
      return { found: "it is a link that leaves the agents folder; put the file itself there" };
    }
    const { isFile, size } = await Deno.stat(path);
    if (!isFile) return { found: "it is no file; remove it, or put a file there" };
    if (size > bytesMax) return { found: `it has ${size} bytes, ${bytesMax} at most` };
    const bytes = await Deno.readFile(path);
    return { text: new TextDecoder("utf-8", { fatal: true }).decode(bytes) };
  } catch (thrown) {
    if (thrown instanceof Deno.errors.NotFound) return await leftBehind(folder, name);
    const isText = !(thrown instanceof TypeError);
    return { found: isText ? `it can't be read: ${messageOf(thrown)}` : "it is no UTF-8 text" };
  }
}

/** A missing file says nothing; a link to nowhere is a mistake. */
async function leftBehind(folder: string, name: string): Promise<SettingsText> {
  try {
    await Deno.lstat(join(folder, name));
    return { found: "it is a link to nowhere; remove it, or put a file there" };
  } catch (thrown) {
    if (thrown instanceof Deno.errors.NotFound) return { text: "" };
    throw thrown;
  }
}
