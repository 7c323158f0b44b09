/**
 * The main thread of the scan. It runs no agent: it starts the thread that does, and ends the
 * process when that thread has finished or its own input ends. So the process ends with the daemon,
 * whatever the imported file is doing.
 */

import type { ScanSetup } from "../scan/scan.ts";

const input = Deno.stdin.readable.pipeThrough(new TextDecoderStream()).getReader();
const { mark, files } = JSON.parse(await readLine()) as ScanSetup;
// It inherits the process's permissions, which are to read a few folders: a list of its own could
// not leave out what the process is denied.
const worker = new Worker(new URL("./scan_worker.ts", import.meta.url), { type: "module" });
// The scan is complete. If it ends another way, the daemon notices the missing lines.
worker.onmessage = () => Deno.exit(0);
worker.onerror = () => Deno.exit(1);
worker.postMessage({ mark, files });
while (!(await input.read()).done);
Deno.exit(0);

/** The setup is a single line. */
async function readLine(): Promise<string> {
  let text = "";
  while (!text.endsWith("\n")) {
    const { value, done } = await input.read();
    if (done) Deno.exit(0);
    text += value;
  }
  return text;
}
