/** Whether workflow files have changed, without reading them. */

import { join } from "node:path";

/** Names, sizes and times of the YAML files of a folder: another text when one has changed. */
export async function fingerprint(folder: string): Promise<string> {
  const names: string[] = [];
  try {
    for await (const { name } of Deno.readDir(folder)) {
      if (/^[^.].*\.ya?ml$/.test(name)) names.push(name);
    }
    const files = await Promise.all(
      names.sort().map(async (name) => {
        const { size, mtime, ino } = await Deno.stat(join(folder, name));
        return `${name} ${size} ${mtime?.getTime()} ${ino}`;
      }),
    );
    return files.join("\n");
  } catch {
    return ""; // a folder or a file that is gone meanwhile: the workflows' own reader tells
  }
}
