/**
 * The main thread of the scan, which runs no agent: it starts the thread that does, and ends the
 * process when that has ended, or when its own input ends. So the process dies with the daemon,
 * whatever the file that is imported is doing.
 */

import type { ScanSetup } from "../scan/scan.ts";

const input = Deno.stdin.readable.pipeThrough(new TextDecoderStream()).getReader();
const { mark, files, readable } = JSON.parse(await readLine()) as ScanSetup;
const worker = new Worker(new URL("./scan_worker.ts", import.meta.url), {
  type: "module",
  deno: { permissions: { read: [...readable] } },
});
// All is read. What has ended it otherwise is told by the lines that are missing.
worker.onmessage = () => Deno.exit(0);
worker.onerror = () => Deno.exit(1);
worker.postMessage({ mark, files });
while (!(await input.read()).done);
Deno.exit(0);

/** The setup is one line; nothing follows it. */
async function readLine(): Promise<string> {
  let text = "";
  while (!text.endsWith("\n")) {
    const { value, done } = await input.read();
    if (done) Deno.exit(0);
    text += value;
  }
  return text;
}
