/** The daemon as a process of its own, as a user starts it: for signals, kills and exit codes. */

import { fileURLToPath } from "node:url";

const main = fileURLToPath(new URL("../../main.ts", import.meta.url));
const readyMsMax = 20_000;

export interface DaemonProcess extends AsyncDisposable {
  readonly url: string;
  readonly pid: number;
  api(path: string, init?: RequestInit): Promise<Response>;
  /** Sends a signal and waits for the end; gives the exit code. */
  end(signal: Deno.Signal): Promise<number>;
}

export interface EndedProcess {
  readonly code: number;
  readonly stderr: string;
}

const token = "a-token-that-only-tests-know";

function command(environment: Readonly<Record<string, string>>): Deno.Command {
  const { PATH = "", HOME = "" } = Deno.env.toObject();
  return new Deno.Command(Deno.execPath(), {
    args: ["run", "--no-prompt", "-A", main],
    clearEnv: true,
    env: {
      PATH,
      HOME,
      AC100_PORT: "0",
      AC100_TOKEN: token,
      AC100_MARKET_DATA: "simulated",
      AC100_LOG: "info",
      ...environment,
    },
    stdin: "null",
    stdout: "null",
    stderr: "piped",
  });
}

/** Starts a daemon and waits until it is ready. */
export async function startDaemonProcess(
  environment: Readonly<Record<string, string>>,
): Promise<DaemonProcess> {
  const child = command(environment).spawn();
  const url = await readyUrl(child);
  let ended = false;
  const end = async (signal: Deno.Signal): Promise<number> => {
    if (!ended) child.kill(signal);
    ended = true;
    return (await child.status).code;
  };
  return {
    url,
    pid: child.pid,
    end,
    api: (path, init = {}) => {
      const headers = { ...init.headers, authorization: `Bearer ${token}` };
      return fetch(`${url}/api/v1${path}`, { ...init, headers });
    },
    [Symbol.asyncDispose]: async () => {
      await end("SIGKILL");
    },
  };
}

/** Runs a daemon that should end by itself. */
export async function runDaemonProcess(
  environment: Readonly<Record<string, string>>,
): Promise<EndedProcess> {
  const child = command(environment).spawn();
  const timer = setTimeout(() => child.kill("SIGKILL"), readyMsMax);
  const { code, stderr } = await child.output();
  clearTimeout(timer);
  return { code, stderr: new TextDecoder().decode(stderr) };
}

/** Reads the log until it says where the daemon is; the rest is read and dropped. */
async function readyUrl(child: Deno.ChildProcess): Promise<string> {
  const timer = setTimeout(() => child.kill("SIGKILL"), readyMsMax);
  const reader = child.stderr.pipeThrough(new TextDecoderStream()).getReader();
  let log = "";
  for (;;) {
    const { value, done } = await reader.read();
    if (done) throw new Error(`the daemon ended before it was ready: ${log}`);
    log += value;
    const url = /"message":"ready","url":"([^"]+)"/.exec(log)?.[1];
    if (!url) continue;
    clearTimeout(timer);
    void drain(reader);
    return url;
  }
}

async function drain(reader: ReadableStreamDefaultReader<string>): Promise<void> {
  while (!(await reader.read()).done);
}
