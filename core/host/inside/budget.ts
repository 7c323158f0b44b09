/**
 * A budget for the synchronous stretch of a call: what holds the thread longer is interrupted, and
 * the thread lives on. It reaches up to the call's first await; what comes later is the watchdog's.
 *
 * A time limit costs 10 µs and more, so calls that come in one turn share one. Once they have taken
 * a tenth of it the next call begins a new one: each has nine tenths of the budget at the least.
 */

import { Script } from "node:vm";
import { AppError } from "../../errors.ts";

interface Call {
  readonly run: () => unknown;
  readonly resolve: (result: unknown) => void;
  readonly reject: (thrown: unknown) => void;
}

const name = "100ac.calls";
let waiting: Call[] = [];
/** The place in them of the next one to begin. */
let next = 0;
let running: Call | undefined;
let isPlanned = false;
/** When a call must not begin any more under the present limit. */
let beginUntilMs = 0;

// The time limit is one of scripts, and a script reaches the calls by the globals alone.
Object.defineProperty(globalThis, Symbol.for(name), { value: runSome });
const script = new Script(`globalThis[Symbol.for("${name}")]()`);
// Taken before an agent can put another in its place.
const runScript = script.runInThisContext.bind(script);
const nowMs = performance.now.bind(performance);

/**
 * What `run` returns, or rejects with; it begins at the end of the turn.
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

function runAll(budgetMs: number): void {
  isPlanned = false;
  // When one is interrupted, the rest goes on under a new limit.
  while (next < waiting.length) {
    beginUntilMs = nowMs() + budgetMs / 10;
    try {
      runScript({ timeout: budgetMs });
    } catch (thrown) {
      running?.reject(isTimeout(thrown) ? budgetExceeded(budgetMs) : thrown);
    }
  }
  waiting = [];
  next = 0;
  running = undefined;
}

/** May end anywhere, without its `finally`: what it leaves behind must be right at every call. */
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
