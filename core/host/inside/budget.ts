/**
 * A time limit on the synchronous part of a call, up to its first await. A call that exceeds it is
 * interrupted and the thread survives. Work after the first await is the watchdog's concern.
 *
 * Setting a limit costs 10 µs or more, so calls in one turn share one. Once they have used a tenth
 * of it, the next call waits for another turn of the event loop and starts a new limit. So each
 * call has at least nine tenths of the budget, and calls that each keep to it do not together keep
 * the host from answering its heartbeats.
 */

import { Script } from "node:vm";
import { AppError } from "../../errors.ts";

/** Stands for the message of an error that {@link readInTime} could not read. */
export const notReadInTime = "reading its message took too long";

interface Call {
  readonly run: () => unknown;
  readonly resolve: (result: unknown) => void;
  readonly reject: (thrown: unknown) => void;
}

const name = "100ac.calls";
let waiting: Call[] = [];
/** Index in `waiting` of the next call to start. */
let next = 0;
let running: Call | undefined;
let isPlanned = false;
/** After this instant no call may start under the current limit. */
let beginUntilMs = 0;

// Only a script can have a time limit, and a script reaches the calls only through a global.
Object.defineProperty(globalThis, Symbol.for(name), { value: runSome });
const script = new Script(`globalThis[Symbol.for("${name}")]()`);
// Bound before an agent can replace it.
const runScript = script.runInThisContext.bind(script);
const nowMs = performance.now.bind(performance);
const inAnotherTurn = setTimeout.bind(globalThis);

let limited: (() => unknown) | undefined;
const limitedName = "100ac.one_call";
Object.defineProperty(globalThis, Symbol.for(limitedName), { value: () => limited?.() });
const limitedScript = new Script(`globalThis[Symbol.for("${limitedName}")]()`);
const runLimited = limitedScript.runInThisContext.bind(limitedScript);
/** How long reading a value of an agent may take. */
const readMsMax = 100;

/**
 * Runs `run` at the end of the turn; settles with its result or error.
 * @throws {AppError} `budget_exceeded` when it held the thread for more than `budgetMs`.
 */
export function withinBudget<Result>(
  run: () => Result,
  budgetMs: number,
): Promise<Awaited<Result>> {
  return new Promise((resolve, reject) => {
    waiting.push({ run, resolve: resolve as Call["resolve"], reject });
    if (isPlanned) return;
    isPlanned = true;
    queueMicrotask(() => runAll(budgetMs));
  });
}

/**
 * Reads a value that an agent made, whose getters may loop: at once, and also outside a call.
 * Returns undefined if it takes too long.
 */
export function readInTime<Value>(read: () => Value): Value | undefined {
  const outer = limited;
  limited = read;
  try {
    return runLimited({ timeout: readMsMax }) as Value;
  } catch (thrown) {
    if (isTimeout(thrown)) return undefined;
    throw thrown;
  } finally {
    limited = outer;
  }
}

function runAll(budgetMs: number): void {
  beginUntilMs = nowMs() + budgetMs / 10;
  try {
    runScript({ timeout: budgetMs });
  } catch (thrown) {
    running?.reject(isTimeout(thrown) ? budgetExceeded(budgetMs) : thrown);
  }
  if (next < waiting.length) {
    inAnotherTurn(() => runAll(budgetMs), 0);
    return;
  }
  isPlanned = false;
  waiting = [];
  next = 0;
  running = undefined;
}

/**
 * May be interrupted anywhere, without its `finally`: the state must be consistent at each call.
 */
function runSome(): void {
  do {
    running = waiting[next++];
    if (running) runOne(running);
  } while (next < waiting.length && nowMs() < beginUntilMs);
}

function runOne({ run, resolve, reject }: Call): void {
  try {
    resolve(run());
  } catch (thrown) {
    reject(thrown);
  }
}

function isTimeout(thrown: unknown): boolean {
  return thrown instanceof Error && "code" in thrown &&
    thrown.code === "ERR_SCRIPT_EXECUTION_TIMEOUT";
}

function budgetExceeded(budgetMs: number): AppError {
  return new AppError(
    "budget_exceeded",
    `it held its host's thread for over ${budgetMs / 1_000} s without an await; ` +
      `await between parts of long work`,
  );
}
