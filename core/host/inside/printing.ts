/**
 * Redirects what an agent prints to the daemon's log, line by line, with the level of the method.
 */

import process from "node:process";
import type { LogLevel } from "../../log.ts";

type Print = (level: LogLevel, text: string) => void;

/** The level of what each method of the console prints; others print as `info`. */
const levels: Readonly<Record<string, LogLevel>> = {
  debug: "debug",
  warn: "warn",
  trace: "warn",
  error: "error",
  assert: "error",
};

/** Redirects every method of this thread's console to `print`. */
export function divertConsole(print: Print): void {
  const { console } = globalThis;
  for (const [name, method] of Object.entries(console)) {
    if (typeof method !== "function") continue;
    const prints = printsAs(levels[name] ?? "info", print);
    const diverted = name !== "assert" ? prints : (holds: unknown, ...parts: unknown[]): void => {
      if (!holds) prints("Assertion failed:", ...parts);
    };
    Object.assign(console, { [name]: diverted });
  }
}

/** Redirects the standard streams of this thread, which it shares with the daemon, to `print`. */
export function divertStreams(print: Print): void {
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
