/**
 * Builds one file that contains a shell script, a bundled program and the Deno that runs it. The
 * file needs a POSIX shell, tail, head, gzip and mktemp, and the operating system it was built on.
 */

import { AppError } from "../../errors.ts";

/**
 * Packs `program`, a bundle, with this process's Deno into the executable file `output`.
 * @throws {AppError} `internal` on Windows, which has no POSIX shell.
 */
export async function packSelfExtracting(
  program: string,
  output: string,
  runFlags: readonly string[],
): Promise<void> {
  if (Deno.build.os === "windows") {
    const message = "Cannot build the self-extracting file: Windows has no POSIX shell; give " +
      "deno compile network access for its runtime, or set DENORT_BIN to one";
    throw new AppError("internal", message);
  }
  const deno = await Deno.realPath(Deno.execPath());
  const script = await Deno.readFile(program);
  const packedProgram = await gzip(new Blob([script]).stream());
  const head = await launcher({
    "@KEY@": await hashOf([script, await Deno.readFile(deno)]),
    "@SIZE@": String(packedProgram.length),
    "@FLAGS@": runFlags.join(" "),
  });
  const packed = async function* (): AsyncGenerator<Uint8Array, void, undefined> {
    yield new TextEncoder().encode(head);
    yield packedProgram;
    yield* (await Deno.open(deno)).readable.pipeThrough(new CompressionStream("gzip"));
  };
  await Deno.writeFile(output, ReadableStream.from(packed()), { mode: 0o755 });
}

/** The script with its placeholders filled in; the payload begins on the line after it. */
async function launcher(values: Readonly<Record<string, string>>): Promise<string> {
  const template = await Deno.readTextFile(new URL("launcher.sh", import.meta.url));
  const lines = template.split("\n").length; // the last one is empty; the payload begins there
  return template.replace(/@[A-Z]+@/g, (name) => {
    const value = name === "@LINE@" ? String(lines) : values[name];
    if (value === undefined) throw new Error(`the launcher asks for ${name}`);
    return value;
  });
}

async function gzip(stream: ReadableStream<Uint8Array<ArrayBuffer>>): Promise<Uint8Array> {
  return await new Response(stream.pipeThrough(new CompressionStream("gzip"))).bytes();
}

/** Hexadecimal digits, enough that no two builds share a key. */
async function hashOf(parts: readonly Uint8Array<ArrayBuffer>[]): Promise<string> {
  const bytes = await new Blob([...parts]).bytes();
  const digest = await crypto.subtle.digest("SHA-256", bytes);
  return new Uint8Array(digest).toHex().slice(0, 32);
}
