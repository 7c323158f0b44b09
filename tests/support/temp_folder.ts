/** A folder that is gone after its test: `await using folder = await makeTempFolder()`. */

import { dirname, join, relative } from "node:path";

export interface TempFolder extends AsyncDisposable {
  /** The real path, without links. */
  readonly path: string;
  /** Writes a file, and the folders it needs; gives its path. */
  write(name: string, text: string): Promise<string>;
}

/** Makes an empty folder, with `files` (text by name) in it. */
export async function makeTempFolder(
  files: Readonly<Record<string, string>> = {},
): Promise<TempFolder> {
  const path = await Deno.realPath(await Deno.makeTempDir({ prefix: "100ac-" }));
  const folder: TempFolder = {
    path,
    async write(name, text) {
      const file = join(path, name);
      await Deno.mkdir(dirname(file), { recursive: true });
      await Deno.writeTextFile(file, text);
      return file;
    },
    [Symbol.asyncDispose]: () => Deno.remove(path, { recursive: true }),
  };
  for (const [name, text] of Object.entries(files)) await folder.write(name, text);
  return folder;
}

/** Makes a copy of a folder, with `files` beside what it holds. */
export async function copyOfFolder(
  from: string,
  files: Readonly<Record<string, string>> = {},
): Promise<TempFolder> {
  const folder = await makeTempFolder();
  const copy = async (path: string): Promise<void> => {
    for await (const { name, isDirectory } of Deno.readDir(path)) {
      const inner = join(path, name);
      if (isDirectory) await copy(inner);
      else await folder.write(relative(from, inner), await Deno.readTextFile(inner));
    }
  };
  await copy(from);
  for (const [name, text] of Object.entries(files)) await folder.write(name, text);
  return folder;
}
