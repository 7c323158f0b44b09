/**
 * A host in its own process, started with only the agents' permissions and bounds on its memory.
 * What a thread cannot contain (memory, an endless loop, `process.abort()`) ends only that process.
 * Frames, commands and bodies use one socket; the standard streams are for printing.
 */

import { type ChildProcess, spawn } from "node:child_process";
import type { Duplex, Readable } from "node:stream";
import { fileURLToPath } from "node:url";
import { Pipe } from "../../bus/process/pipe.ts";
import type { LogLevel } from "../../log.ts";
import { childEnvironment, readFlags } from "../child.ts";
import type { HostCommand } from "../control.ts";
import type { Grants } from "../manifest/manifest.ts";
import { joinHub } from "./join_hub.ts";
import { readLines } from "./read_lines.ts";
import type { Vessel, VesselOptions } from "./vessel.ts";

const entry = fileURLToPath(new URL("../inside/process_entry.ts", import.meta.url));
/** Address space that V8 reserves for code, and what an empty host uses. */
const emptyHostMb = 704;
/** Lines of standard error that explain why a process has ended. */
const lastLinesMax = 20;
const complaintMsMax = 500;

/**
 * Runs a host with a bound on its data segment, which holds what V8's heap limit does not: typed
 * arrays and WebAssembly memory. A second process kills the host when descriptor 4 ends, so that it
 * ends with the daemon even while an agent holds its thread; a line on it means that the host has
 * ended already.
 */
const script = `ulimit -d "$1" 2>/dev/null
shift
{ read -r line <&4 || kill -9 $$; } 3<&- >/dev/null 2>&1 &
exec 4<&-
exec "$@"`;

export interface ProcessOptions extends VesselOptions {
  readonly heapMb: number;
}

export function openProcess(options: ProcessOptions): Vessel {
  const { address, hub } = options;
  const child = start(options);
  const [, , , socket, lifeline] = child.stdio as unknown as readonly Duplex[];
  if (!socket || !lifeline) throw new Error("a process started without its pipes");
  // When the process has ended, a write may fail.
  lifeline.on("error", () => undefined);
  let ended = false;
  const finish = (reason: string): void => {
    if (ended) return;
    ended = true;
    hub.leave(address);
    options.onEnd(reason);
  };
  let bulkHeard: (text: string) => void = () => undefined;
  const frameHeard = joinHub(options, (frame) => pipe.sendFrame(frame));
  const pipe: Pipe = new Pipe(socket, {
    frame: frameHeard,
    control: options.onReport,
    bulk: (text) => bulkHeard(text),
    ended: (error) => {
      if (error) finish(error.message);
    },
  });
  const gone = whenEnded(child, lifeline, options.onPrinted).then(finish);
  return {
    kind: "process",
    bulk: {
      post: (text) => pipe.sendBulk(text),
      listen: (heard) => bulkHeard = heard,
      close: () => undefined,
    },
    command: (command: HostCommand) => pipe.sendControl(command),
    end: () => {
      ended = true;
      hub.leave(address);
      pipe.close();
      child.kill("SIGKILL");
      return gone;
    },
  };
}

function start({ grants, readable, linksOut, heapMb }: ProcessOptions): ChildProcess {
  const dataKb = (emptyHostMb + 2 * heapMb) * 1_024;
  const deno = [
    ...[Deno.execPath(), "run", "--quiet", "--no-prompt", "--no-remote"],
    `--v8-flags=--max-old-space-size=${heapMb}`,
    ...readFlags([...readable, ...(grants.read ?? [])], linksOut),
    ...permissionFlags(grants),
    entry,
  ];
  return spawn("/bin/sh", ["-c", script, "100ac-host", String(dataKb), ...deno], {
    env: childEnvironment(grants.env),
    stdio: ["ignore", "pipe", "pipe", "pipe", "pipe"],
  });
}

/** Passes on what the process prints; resolves with why it ended. */
async function whenEnded(
  child: ChildProcess,
  lifeline: Duplex,
  onPrinted: (level: LogLevel, line: string) => void,
): Promise<string> {
  const last: string[] = [];
  void readLines(child.stdout as unknown as Readable, (line) => onPrinted("info", line));
  const complained = readLines(child.stderr as unknown as Readable, (line) => {
    if (last.push(line) > lastLinesMax) last.shift();
    onPrinted("warn", line);
  });
  const [code, signal] = await new Promise<[number | null, string | null]>((resolve) => {
    child.on("error", () => resolve([127, null]));
    child.on("exit", (code: number | null, signal: string | null) => resolve([code, signal]));
  });
  lifeline.end("ended\n");
  // A process that an agent has started may hold the stream open.
  const patience = setTimeout(() => child.stderr?.destroy(), complaintMsMax);
  await complained;
  clearTimeout(patience);
  if (last.some((line) => /heap|out of memory/i.test(line))) return "its process ran out of memory";
  const [line = ""] = last;
  return `its process ended with ${signal ?? `code ${code}`}${line && `: ${line}`}`;
}

function permissionFlags({ read: _, ...others }: Grants): string[] {
  return Object.entries(others).map(([kind, granted]) => `--allow-${kind}=${granted.join(",")}`);
}
