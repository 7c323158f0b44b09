/** Lines of what a process prints. Long ones are cut: a process may print anything. */

import type { Readable } from "node:stream";

const lineMax = 8_000;

/** Calls `heard` with each line that is not empty; resolves when the stream has ended. */
export function readLines(stream: Readable, heard: (line: string) => void): Promise<void> {
  const decoder = new TextDecoder();
  let rest = "";
  const take = (text: string): void => {
    const lines = `${rest}${text}`.split("\n");
    rest = (lines.pop() ?? "").slice(0, lineMax);
    for (const line of lines) {
      if (line.trim() !== "") heard(line.slice(0, lineMax));
    }
  };
  stream.on("data", (bytes: Uint8Array) => take(decoder.decode(bytes, { stream: true })));
  return new Promise((resolve) => {
    stream.on("close", () => {
      take(`${decoder.decode()}\n`);
      resolve();
    });
    // A stream that breaks off ends with its process; `close` follows.
    stream.on("error", () => undefined);
  });
}
