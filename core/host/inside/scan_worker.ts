/**
 * The thread that scans files. It may read only the agents folder. It imports each requested file
 * and prints a line of JSON for it. It prints each file's name first, so that the daemon knows
 * which file never finished.
 *
 * Agents run here and may print too. The scan's lines begin with a mark that no agent can learn: it
 * arrives before the first agent is imported and passes through nothing an agent could replace,
 * because this thread is hardened like a host.
 */

// Loaded before any agent, with the process's rights, because agents may not read core/.
import "100ac";
import "100ac/calendar";
import { type ErrorData, toErrorData } from "../../errors.ts";
import { harden } from "./harden.ts";
import { readManifest } from "../manifest/manifest.ts";
import type { ScanLine, ScanSetup } from "../scan/scan.ts";
import { toFileUrl } from "../url.ts";

declare const self: EventTarget & { postMessage(message: "done"): void };

// Bound before any agent can replace it.
const write = Deno.stdout.writeSync.bind(Deno.stdout);
const post = self.postMessage.bind(self);
const encoder = new TextEncoder();
const messageMax = 10_000;
// What an agent prints during its import is discarded.
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
  // An agent that writes to standard output directly may have left an unfinished line.
  const bytes = encoder.encode(`\n${mark}${JSON.stringify(line)}\n`);
  for (let done = 0; done < bytes.length;) done += write(bytes.subarray(done));
}

function shortened({ message, ...error }: ErrorData): ErrorData {
  return { ...error, message: message.slice(0, messageMax) };
}
