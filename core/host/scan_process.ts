/**
 * Runs in a child process that may read the agents folder and nothing else: imports each file
 * named on standard input (JSON, one array) and prints one line of JSON for it. Before each file
 * it prints its name, so that the parent knows which one never came back.
 */

// Loaded before any agent, and with this process's rights: agents may not read core/.
import "100ac";
import "100ac/calendar";
import { type ErrorData, toErrorData } from "../errors.ts";
import type { AgentFile } from "./find.ts";
import { readManifest } from "./manifest.ts";
import { type ScanLine, scanLineMark } from "./scan.ts";
import { toFileUrl } from "./url.ts";

// Taken before any agent can replace them.
const write = Deno.stdout.writeSync.bind(Deno.stdout);
const exit = Deno.exit.bind(Deno);
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

function say(line: ScanLine): void {
  // An agent that writes to standard output itself may have left a line without its end.
  const bytes = encoder.encode(`\n${scanLineMark}${JSON.stringify(line)}\n`);
  for (let done = 0; done < bytes.length;) done += write(bytes.subarray(done));
}

const files = JSON.parse(await new Response(Deno.stdin.readable).text()) as AgentFile[];
for (const { name, path } of files) {
  say({ kind: "begin", name });
  try {
    const module = await import(toFileUrl(path)) as { default?: unknown };
    say({ kind: "manifest", name, manifest: readManifest(module.default, name) });
  } catch (thrown) {
    say({ kind: "error", name, error: shortened(toErrorData(thrown, "invalid_manifest")) });
  }
}
exit(0);

function shortened({ message, ...error }: ErrorData): ErrorData {
  return { ...error, message: message.slice(0, messageMax) };
}
