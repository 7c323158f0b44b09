/**
 * The thread in which files are scanned. It may read the agents folder and nothing else: imports
 * each file it is told of and prints one line of JSON for it. Before each file it prints its name,
 * so that the daemon knows which one never came back.
 *
 * Agents run here, and may print, too. The lines of the scan begin with a mark that no agent can
 * learn: it came before the first of them was imported, and passes through nothing that they could
 * replace, for this thread is hardened as a host is.
 */

// Loaded before any agent, and with the process's rights: agents may not read core/.
import "100ac";
import "100ac/calendar";
import { type ErrorData, toErrorData } from "../../errors.ts";
import { harden } from "./harden.ts";
import { readManifest } from "../manifest/manifest.ts";
import type { ScanLine, ScanSetup } from "../scan/scan.ts";
import { toFileUrl } from "../url.ts";

declare const self: EventTarget & { postMessage(message: "done"): void };

// Taken before any agent can replace them.
const write = Deno.stdout.writeSync.bind(Deno.stdout);
const post = self.postMessage.bind(self);
const encoder = new TextEncoder();
const messageMax = 10_000;
// What an agent prints while it is imported is nobody's concern.
const silent = (): void => undefined;
Object.assign(globalThis.console, {
  debug: silent,
  log: silent,
  info: silent,
  warn: silent,
  error: silent,
});

const { mark, files } = await new Promise<Pick<ScanSetup, "mark" | "files">>((resolve) => {
  self.addEventListener("message", (event) => resolve((event as MessageEvent).data), {
    once: true,
  });
});
harden();
for (const { name, path } of files) {
  say({ kind: "begin", name });
  try {
    const module = await import(toFileUrl(path)) as { default?: unknown };
    say({ kind: "manifest", name, manifest: readManifest(module.default, name) });
  } catch (thrown) {
    say({ kind: "error", name, error: shortened(toErrorData(thrown, "invalid_manifest")) });
  }
}
post("done");

function say(line: ScanLine): void {
  // An agent that writes to standard output itself may have left a line without its end.
  const bytes = encoder.encode(`\n${mark}${JSON.stringify(line)}\n`);
  for (let done = 0; done < bytes.length;) done += write(bytes.subarray(done));
}

function shortened({ message, ...error }: ErrorData): ErrorData {
  return { ...error, message: message.slice(0, messageMax) };
}
