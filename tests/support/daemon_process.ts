/** The daemon as a process of its own, as a user starts it: for signals, kills and exit codes. */

import { fileURLToPath } from "node:url";
import { eventually } from "./eventually.ts";

const main = fileURLToPath(new URL("../../main.ts", import.meta.url));
const readyMsMax = 20_000;
/** More than a daemon takes that nobody but its supervisor's end asks to stop. */
const goneMsMax = 20_000;
const readyLine = /"message":"ready","url":"([^"]+)","pid":(\d+)/g;
export const token = "a-token-that-only-tests-know";

export interface StartOptions {
  /** Gives it a process group of its own, as a terminal does. */
  readonly ownGroup?: boolean;
  readonly args?: readonly string[];
}

export interface EndedProcess {
  readonly code: number;
  readonly stderr: string;
}

/** A start of the daemon, as its log tells it. */
interface Start {
  readonly url: string;
  readonly pid: number;
}

/** A process that was started: a daemon, or a supervisor with its daemon. */
export class DaemonProcess implements AsyncDisposable {
  /** The exit code, at the end. */
  readonly code: Promise<number>;
  readonly #child: Deno.ChildProcess;
  readonly #logEnd: Promise<void>;
  #log = "";
  #isGone = false;
  #ended = false;

  constructor(child: Deno.ChildProcess) {
    this.#child = child;
    this.code = this.#end();
    this.#logEnd = this.#follow();
  }

  get pid(): number {
    return this.#child.pid;
  }

  /** All that was logged. */
  get log(): string {
    return this.#log;
  }

  /** How often a daemon was ready, and where; the last one is the one that is asked. */
  get starts(): readonly Start[] {
    return [...this.#log.matchAll(readyLine)]
      .map(([, url = "", pid]) => ({ url, pid: Number(pid) }));
  }

  get url(): string {
    return this.starts.at(-1)?.url ?? "";
  }

  /** Waits until it is ready or has ended; gives whether it was ready. */
  async readyOrGone(): Promise<boolean> {
    await eventually(() => this.#isGone || this.url, { withinMs: readyMsMax });
    return this.url !== "";
  }

  async ready(): Promise<void> {
    if (!await this.readyOrGone()) {
      throw new Error(`the daemon ended before it was ready: ${this.#log}`);
    }
  }

  api(path: string, init: RequestInit = {}): Promise<Response> {
    const headers = { ...init.headers, authorization: `Bearer ${token}` };
    return fetch(`${this.url}/api/v1${path}`, { ...init, headers });
  }

  /** Sends a signal and waits for the end; gives the exit code. */
  end(signal: Deno.Signal): Promise<number> {
    if (!this.#ended) this.#child.kill(signal);
    return this.code;
  }

  /** Waits until nobody is left who could log, neither daemon nor supervisor. */
  async gone(): Promise<void> {
    await eventually(() => this.#isGone, { withinMs: goneMsMax });
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.end("SIGKILL");
    const last = this.starts.at(-1);
    // Who still logs is a daemon that outlived its supervisor: the test has failed, or is over.
    if (last && !this.#isGone) kill(last.pid);
    await this.#logEnd;
  }

  async #end(): Promise<number> {
    const { code } = await this.#child.status;
    this.#ended = true;
    return code;
  }

  async #follow(): Promise<void> {
    const texts = this.#child.stderr.pipeThrough(new TextDecoderStream());
    for await (const text of texts) this.#log += text;
    this.#isGone = true;
  }
}

function kill(pid: number): void {
  try {
    Deno.kill(pid, "SIGKILL");
  } catch (thrown) {
    if (!(thrown instanceof Deno.errors.NotFound)) throw thrown; // it has ended by itself
  }
}

/** Without a supervisor, unless `environment` says otherwise. */
function spawn(
  environment: Readonly<Record<string, string>>,
  { ownGroup = false, args = [] }: StartOptions = {},
): Deno.ChildProcess {
  const { PATH = "", HOME = "" } = Deno.env.toObject();
  return new Deno.Command(Deno.execPath(), {
    args: ["run", "--no-prompt", "-A", main, ...args],
    clearEnv: true,
    env: {
      PATH,
      HOME,
      AC100_PORT: "0",
      AC100_TOKEN: token,
      AC100_MARKET_DATA: "simulated",
      AC100_LOG: "info",
      AC100_SUPERVISE: "0",
      ...environment,
    },
    detached: ownGroup,
    stdin: "null",
    stdout: "null",
    stderr: "piped",
  }).spawn();
}

/** Starts a daemon, which may be killed before it is ready. */
export function launchDaemonProcess(
  environment: Readonly<Record<string, string>>,
): DaemonProcess {
  return new DaemonProcess(spawn(environment));
}

/** Starts a daemon and waits until it is ready. */
export async function startDaemonProcess(
  environment: Readonly<Record<string, string>>,
  options?: StartOptions,
): Promise<DaemonProcess> {
  const started = new DaemonProcess(spawn(environment, options));
  try {
    await started.ready();
  } catch (thrown) {
    await started[Symbol.asyncDispose]();
    throw thrown;
  }
  return started;
}

/** Runs a daemon that should end by itself. */
export async function runDaemonProcess(
  environment: Readonly<Record<string, string>>,
  args: readonly string[] = [],
): Promise<EndedProcess> {
  const child = spawn(environment, { args });
  const timer = setTimeout(() => child.kill("SIGKILL"), readyMsMax);
  const { code, stderr } = await child.output();
  clearTimeout(timer);
  return { code, stderr: new TextDecoder().decode(stderr) };
}
