/**
 * A budget for the synchronous stretch of a call: what holds the thread longer is interrupted, and
 * the thread lives on. It reaches up to the call's first await; what comes later is the watchdog's.
 * Costs about 10 µs a call.
 */

import { Script } from "node:vm";
import { AppError } from "./errors.ts";

const name = "100ac.call";
let waiting: (() => unknown) | undefined;
// The time limit is one of scripts, and a script reaches a call by the globals alone.
Object.defineProperty(globalThis, Symbol.for(name), { value: () => waiting?.() });
const script = new Script(`globalThis[Symbol.for("${name}")]()`);
// Taken before an agent can put another in its place.
const run = script.runInThisContext.bind(script);

/**
 * What `call` returns.
 * @throws {AppError} `budget_exceeded` when it held the thread for more than `budgetMs`.
 */
export function withinBudget<Result>(call: () => Result, budgetMs: number): Result {
  waiting = call;
  try {
    return run({ timeout: budgetMs }) as Result;
  } catch (thrown) {
    if (!isTimeout(thrown)) throw thrown;
    throw new AppError(
      "budget_exceeded",
      `it held its host's thread for over ${budgetMs / 1_000} s without an await; ` +
        `await between parts of long work`,
    );
  } finally {
    waiting = undefined;
  }
}

function isTimeout(thrown: unknown): boolean {
  return thrown instanceof Error && "code" in thrown &&
    thrown.code === "ERR_SCRIPT_EXECUTION_TIMEOUT";
}
