/**
 * A host in its own process, started with only the agents' permissions and a heap limit. What a
 * thread cannot contain (memory, an endless loop, `process.abort()`) ends only that process. Bus,
 * commands and reports use its standard input and output.
 */

import { fileURLToPath } from "node:url";
import { Pipe } from "../../bus/process/pipe.ts";
import type { HostCommand, HostReport } from "../control.ts";
import type { Grants } from "../manifest/manifest.ts";
import { readBeginning } from "../scan/read_beginning.ts";
import { joinHub } from "./join_hub.ts";
import type { Vessel, VesselOptions } from "./vessel.ts";

const entry = fileURLToPath(new URL("../inside/process_entry.ts", import.meta.url));
const coreFolder = fileURLToPath(new URL("../../", import.meta.url));
const stderrMax = 2_000;

export interface ProcessOptions extends VesselOptions {
  readonly heapMb: number;
}

/** The first message to the process: how to set up its worker. */
export interface ProcessSetup {
  readonly address: string;
  readonly grants: Grants;
  readonly readable: readonly string[];
}

export function openProcess(options: ProcessOptions): Vessel {
  const { address, grants, readable, hub, heapMb } = options;
  const child = new Deno.Command(Deno.execPath(), {
    args: [
      "run",
      "--quiet",
      "--no-prompt",
      "--no-remote",
      `--v8-flags=--max-old-space-size=${heapMb}`,
      ...permissionFlags(grants, [...readable, coreFolder]),
      entry,
    ],
    clearEnv: true,
    env: environmentFor(grants),
    stdin: "piped",
    stdout: "piped",
    stderr: "piped",
  }).spawn();
  let ended = false;
  const finish = (reason: string): void => {
    if (ended) return;
    ended = true;
    hub.leave(address);
    options.onEnd(reason);
  };
  let bulkHeard: (text: string) => void = () => undefined;
  const frameHeard = joinHub(options, (frame) => pipe.sendFrame(frame));
  const pipe: Pipe = new Pipe(child.stdout, child.stdin, {
    frame: frameHeard,
    control: (report) => options.onReport(report as HostReport),
    bulk: (text) => bulkHeard(text),
    ended: (error) => {
      if (error) finish(error.message);
    },
  });
  const gone = describeEnd(child).then(finish);
  const setup: ProcessSetup = { address, grants, readable };
  pipe.sendControl(setup);
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
      kill(child);
      return gone;
    },
  };
}

async function describeEnd(child: Deno.ChildProcess): Promise<string> {
  const complaint = readBeginning(child.stderr, stderrMax);
  const { code, signal } = await child.status;
  const text = (await complaint).trim();
  if (/heap|out of memory/i.test(text)) return "its process ran out of memory";
  const [line = ""] = text.split("\n");
  return `its process ended with ${signal ?? `code ${code}`}${line && `: ${line}`}`;
}

function permissionFlags(grants: Grants, readable: readonly string[]): string[] {
  const all: Grants = { ...grants, read: [...readable, ...(grants.read ?? [])] };
  return Object.entries(all).map(([kind, granted]) => `--allow-${kind}=${granted?.join(",")}`);
}

/** The environment of a process: only what its agents may read and what Deno needs. */
function environmentFor(grants: Grants): Record<string, string> {
  const names = ["HOME", "PATH", "DENO_DIR", "TMPDIR", ...(grants.env ?? [])];
  return Object.fromEntries(names.flatMap((name) => {
    const value = Deno.env.get(name);
    return value === undefined ? [] : [[name, value]];
  }));
}

function kill(child: Deno.ChildProcess): void {
  try {
    child.kill("SIGKILL");
  } catch (thrown) {
    if (!(thrown instanceof TypeError)) throw thrown; // the process has already ended
  }
}
