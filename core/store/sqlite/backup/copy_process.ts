/**
 * The process of {@link copyDatabase}: reads a request, prints a reply. A thread does the work, so
 * that this one sees its input end: the process never outlives its parent, and leaves no file.
 */

import type { CopyReply, CopyRequest } from "./copy.ts";
import { removeDatabase } from "./whole_file.ts";

const input = Deno.stdin.readable.pipeThrough(new TextDecoderStream()).getReader();
const request = JSON.parse(await readLine()) as CopyRequest;
const worker = new Worker(new URL("./copy_worker.ts", import.meta.url), { type: "module" });
worker.onmessage = async ({ data }: MessageEvent<CopyReply>) => {
  await Deno.stdout.write(new TextEncoder().encode(JSON.stringify(data)));
  Deno.exit(0);
};
worker.postMessage(request);
while (!(await input.read()).done);
await removeDatabase(request.temporary);
Deno.exit(1);

/** The request is a single line. */
async function readLine(): Promise<string> {
  let text = "";
  while (!text.endsWith("\n")) {
    const { value, done } = await input.read();
    if (done) Deno.exit(1);
    text += value;
  }
  return text;
}
