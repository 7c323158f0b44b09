/** A bound on how long a call may hold the thread. Costs about 10 µs a call. */

import { Script } from "node:vm";

const name = "100ac.limited";
let waiting: (() => unknown) | undefined;
// The time limit is one of scripts, and a script reaches a call by the globals alone.
Object.defineProperty(globalThis, Symbol.for(name), { value: () => waiting?.() });
const script = new Script(`globalThis[Symbol.for("${name}")]()`);

/** What `call` returns; undefined when it was interrupted after `msMax`. It may not nest. */
export function withinTime<Result>(
  call: () => Result,
  msMax: number,
): { readonly result: Result } | undefined {
  waiting = call;
  try {
    return { result: script.runInThisContext({ timeout: msMax }) as Result };
  } catch (thrown) {
    if (isTimeout(thrown)) return undefined;
    throw thrown;
  } finally {
    waiting = undefined;
  }
}

function isTimeout(thrown: unknown): boolean {
  return thrown instanceof Error && "code" in thrown &&
    thrown.code === "ERR_SCRIPT_EXECUTION_TIMEOUT";
}
