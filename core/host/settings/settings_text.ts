/**
 * Reads the text of agents.yaml, which is optional. Under that name there may be anything: a
 * folder, a pipe, a link to a secret file, gigabytes.
 */

import { join, sep } from "node:path";
import { messageOf } from "../../errors.ts";

/** Small enough to parse in the daemon's thread: about 5,000 lines. */
export const bytesMax = 262_144;

/** The text, empty when the file is missing; or why it cannot be read. */
export type SettingsText = { readonly text: string } | { readonly found: string };

export async function readSettingsText(folder: string, name: string): Promise<SettingsText> {
  try {
    const root = await Deno.realPath(folder);
    const path = join(root, name);
    // Problem reports quote lines of the file, so it must lie in the agents folder.
    if (!(await Deno.realPath(path)).startsWith(root + sep)) {
      return { found: "it is a link that leaves the agents folder; put the file itself there" };
    }
    const { isFile, size } = await Deno.stat(path);
    if (!isFile) return { found: "it is not a file; replace it with a file or remove it" };
    if (size > bytesMax) return { found: `it has ${size} bytes, over ${bytesMax}` };
    const bytes = await Deno.readFile(path);
    return { text: new TextDecoder("utf-8", { fatal: true }).decode(bytes) };
  } catch (thrown) {
    if (thrown instanceof Deno.errors.NotFound) return await leftBehind(folder, name);
    const isText = !(thrown instanceof TypeError);
    return { found: isText ? `it cannot be read: ${messageOf(thrown)}` : "it is not UTF-8 text" };
  }
}

/** A missing file counts as empty; a link to a missing target is a mistake. */
async function leftBehind(folder: string, name: string): Promise<SettingsText> {
  try {
    await Deno.lstat(join(folder, name));
    return { found: "it is a link to a missing file; replace it with a file or remove it" };
  } catch (thrown) {
    if (thrown instanceof Deno.errors.NotFound) return { text: "" };
    throw thrown;
  }
}
