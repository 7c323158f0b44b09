/** A file replaced in one step: after a crash, too, the old or the new one is there whole. */

import { basename, dirname, join } from "node:path";
import { AppError } from "../../errors.ts";

/**
 * Writes `text` to `path`, if it still holds `before`; undefined: if there is no such file.
 * A crash leaves at most a hidden `.tmp` file beside it.
 * @throws {AppError} `conflict` when someone else has written in between.
 */
export async function replaceFile(
  path: string,
  text: string,
  before: string | undefined,
): Promise<void> {
  const temporary = join(dirname(path), `.${basename(path)}.${crypto.randomUUID()}.tmp`);
  try {
    await writeThrough(temporary, text, path);
    // comparing and renaming without an await between them: no save of this process gets in
    if (textOrNothing(path) !== before) {
      throw new AppError(
        "conflict",
        before === undefined
          ? `Cannot create "${path}": there is such a file; correct or remove it`
          : `Cannot write "${path}": it has changed in the meantime; read it again, then save`,
      );
    }
    Deno.renameSync(temporary, path);
  } catch (thrown) {
    await removeIfThere(temporary);
    throw thrown;
  }
  await syncFolder(dirname(path));
}

/** On the disk when it returns, with the permissions of `like` if there is such a file. */
async function writeThrough(path: string, text: string, like: string): Promise<void> {
  using file = await Deno.open(path, { write: true, createNew: true });
  const mode = await modeOf(like);
  if (mode !== undefined) await Deno.chmod(path, mode);
  const bytes = new TextEncoder().encode(text);
  for (let written = 0; written < bytes.length;) {
    written += await file.write(bytes.subarray(written));
  }
  await file.sync();
}

async function modeOf(path: string): Promise<number | undefined> {
  try {
    const { mode } = await Deno.stat(path);
    return mode === null ? undefined : mode & 0o777;
  } catch (thrown) {
    if (thrown instanceof Deno.errors.NotFound) return undefined;
    throw thrown;
  }
}

/** Undefined when nothing is there. A link is, even one that leads nowhere for now. */
function textOrNothing(path: string): string | undefined {
  try {
    return new TextDecoder("utf-8", { ignoreBOM: true }).decode(Deno.readFileSync(path));
  } catch (thrown) {
    if (!(thrown instanceof Deno.errors.NotFound)) throw thrown;
    return isLink(path) ? "" : undefined;
  }
}

function isLink(path: string): boolean {
  try {
    return Deno.lstatSync(path).isSymlink;
  } catch (thrown) {
    if (thrown instanceof Deno.errors.NotFound) return false;
    throw thrown;
  }
}

async function removeIfThere(path: string): Promise<void> {
  try {
    await Deno.remove(path);
  } catch (thrown) {
    if (!(thrown instanceof Deno.errors.NotFound)) throw thrown;
  }
}

/** Makes the new name last through a power cut; Windows can't, and needs no such call. */
async function syncFolder(folder: string): Promise<void> {
  if (Deno.build.os === "windows") return;
  using handle = await Deno.open(folder);
  await handle.sync();
}
