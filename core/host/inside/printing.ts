/**
 * Redirects what an agent prints to the daemon's log. In a process this is essential: standard
 * output carries the bus there, and a stray line would break it.
 */

import process from "node:process";
import type { LogLevel } from "../../log.ts";

type Print = (level: LogLevel, text: string) => void;

/** Redirects the console and the standard streams of this thread to `print`. */
export function divertPrinting(print: Print): void {
  Object.assign(globalThis.console, {
    debug: printsAs("debug", print),
    log: printsAs("info", print),
    info: printsAs("info", print),
    warn: printsAs("warn", print),
    error: printsAs("error", print),
  });
  for (const [name, level] of [["stdout", "info"], ["stderr", "warn"]] as const) {
    const write = writesAs(level, print);
    Object.defineProperty(Deno, name, { value: standIn(write) });
    Object.assign(process[name], { write: asNodeDoes(write) });
  }
}

type WriteBytes = (bytes: Uint8Array) => void;

function printsAs(level: LogLevel, print: Print): (...parts: unknown[]) => void {
  return (...parts) => {
    const texts = parts.map((part) => typeof part === "string" ? part : Deno.inspect(part));
    print(level, texts.join(" "));
  };
}

function writesAs(level: LogLevel, print: Print): WriteBytes {
  const decoder = new TextDecoder();
  return (bytes) => {
    const text = decoder.decode(bytes).trimEnd();
    if (text !== "") print(level, text);
  };
}

/** The part of a standard stream that exists when it is not a terminal. */
function standIn(write: WriteBytes): Record<string, unknown> {
  const writeSync = (bytes: Uint8Array): number => {
    write(bytes);
    return bytes.length;
  };
  return {
    writeSync,
    write: (bytes: Uint8Array) => Promise.resolve(writeSync(bytes)),
    writable: new WritableStream<Uint8Array>({ write }),
    isTerminal: () => false,
    close: () => undefined,
  };
}

/** `write(chunk, encoding?, callback?)`. */
function asNodeDoes(
  write: WriteBytes,
): (chunk: string | Uint8Array, ...rest: unknown[]) => boolean {
  const encoder = new TextEncoder();
  return (chunk, ...rest) => {
    write(typeof chunk === "string" ? encoder.encode(chunk) : chunk);
    const done = rest.at(-1);
    if (typeof done === "function") queueMicrotask(() => done());
    return true;
  };
}
