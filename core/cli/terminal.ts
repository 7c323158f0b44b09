/** The process's output streams and the properties of the terminal. */

import type { Look } from "./show/look.ts";

/** Where the CLI writes: results to `out`, everything else to `err`. */
export interface Terminal {
  writeOut(text: string): void;
  writeErr(text: string): void;
  /** How text on a stream may look at this moment. */
  look(stream: "out" | "err"): Look;
  /** Whether a line on `err` can be redrawn. */
  readonly isLive: boolean;
}

const encoder = new TextEncoder();

/** The terminal of this process. */
export function processTerminal(
  program: string,
  env: (name: string) => string | undefined,
): Terminal {
  const isDumb = env("TERM") === "dumb";
  return {
    writeOut: (text) => writeAll(Deno.stdout, text),
    writeErr: (text) => writeAll(Deno.stderr, text),
    look(stream) {
      const isTerminal = Deno[stream === "out" ? "stdout" : "stderr"].isTerminal();
      return {
        columns: isTerminal ? columnsNow() : Infinity,
        color: isTerminal && !isDumb && !Deno.noColor,
        nowMs: Date.now(),
        program,
      };
    },
    isLive: Deno.stderr.isTerminal() && !isDumb,
  };
}

/** Writes the whole text. It is no failure if the reader has closed the pipe (`| head -1`). */
function writeAll(stream: typeof Deno.stdout, text: string): void {
  const bytes = encoder.encode(text);
  try {
    for (let written = 0; written < bytes.length;) {
      written += stream.writeSync(bytes.subarray(written));
    }
  } catch (thrown) {
    if (!(thrown instanceof Deno.errors.BrokenPipe)) throw thrown;
  }
}

/** A terminal of unknown width is assumed to have the usual one. */
function columnsNow(): number {
  const columnsUsual = 80;
  try {
    return Deno.consoleSize().columns || columnsUsual;
  } catch {
    return columnsUsual;
  }
}
