/**
 * A script of this folder in a process of its own, to be killed. It says `ready` in its first line
 * and ends when its standard input does, so it never outlives its test.
 */

import { fileURLToPath } from "node:url";

export interface ChildScript extends AsyncDisposable {
  readonly pid: number;
  /** Kills it without a word (SIGKILL), and waits until it is gone. */
  kill(): Promise<void>;
  /** Lets it end by itself; gives its exit code. */
  end(): Promise<number>;
}

/** Starts `tests/support/<name>` and waits until it is ready. */
export async function startScript(name: string, args: readonly string[]): Promise<ChildScript> {
  const child = new Deno.Command(Deno.execPath(), {
    args: [
      "run",
      "--no-prompt",
      "--no-check",
      "-A",
      fileURLToPath(new URL(name, import.meta.url)),
      ...args,
    ],
    stdin: "piped",
    stdout: "piped",
    stderr: "inherit",
  }).spawn();
  await untilReady(name, child.stdout);
  let isGone = false;
  const gone = async (): Promise<number> => {
    if (!isGone) await child.stdin.close();
    isGone = true;
    return (await child.status).code;
  };
  const kill = async (): Promise<void> => {
    if (!isGone) child.kill("SIGKILL");
    await gone();
  };
  return { pid: child.pid, kill, end: gone, [Symbol.asyncDispose]: kill };
}

async function untilReady(name: string, stdout: ReadableStream<Uint8Array>): Promise<void> {
  const decoder = new TextDecoder();
  const reader = stdout.getReader();
  let text = "";
  while (!text.includes("\n")) {
    const { value, done } = await reader.read();
    if (done) throw new Error(`${name} ended before it was ready`);
    text += decoder.decode(value, { stream: true });
  }
  await reader.cancel();
}

/** For the script: tells the test to go on. */
export function sayReady(): void {
  Deno.stdout.writeSync(new TextEncoder().encode("ready\n"));
}

/** For the script: ends the process when its test does. */
export async function endWithTest(): Promise<never> {
  const reader = Deno.stdin.readable.getReader();
  while (!(await reader.read()).done);
  Deno.exit(0);
}
