/**
 * Follows an execution to its end by its event stream. When the stream breaks or stays silent for
 * too long, asks once a second instead. Following never stops the execution: the daemon runs it.
 */

import { AppError } from "../../errors.ts";
import type { ExecutionView } from "../../http/api.ts";
import type { Client } from "./client.ts";
import { isFinal } from "../../statuses.ts";

export interface FollowOptions {
  /** Aborted to stop following; its reason is thrown. */
  readonly signal: AbortSignal;
  /** Called with each state that is seen, including the last one. */
  readonly onChange: (execution: ExecutionView) => void;
  readonly pollMs?: number;
  /** How long to wait for a daemon that does not answer. */
  readonly absentMsMax?: number;
}

/**
 * Returns the ended execution with its steps.
 * @throws {AppError} `not_reachable` if the daemon does not come back, or the daemon's error; also
 * the signal's reason.
 */
export async function followExecution(
  client: Client,
  id: string,
  options: FollowOptions,
): Promise<ExecutionView> {
  const streamed = await followStream(client, id, options);
  return streamed ?? await followByAsking(client, id, options);
}

/** Undefined if the stream ended before the execution did. */
async function followStream(
  client: Client,
  id: string,
  { signal, onChange }: FollowOptions,
): Promise<ExecutionView | undefined> {
  try {
    for await (const { execution } of client.events(id, signal)) {
      onChange(execution);
      if (isFinal(execution.status) && execution.steps) return execution;
    }
  } catch (thrown) {
    signal.throwIfAborted();
    if (thrown instanceof AppError && thrown.code === "unauthenticated") throw thrown;
    return undefined; // the next request finds out whether the daemon still answers
  }
  return undefined;
}

async function followByAsking(
  client: Client,
  id: string,
  { signal, onChange, pollMs = 1_000, absentMsMax = 30_000 }: FollowOptions,
): Promise<ExecutionView> {
  let seenAtMs = performance.now();
  for (;;) {
    try {
      const execution = await client.execution(id, signal);
      onChange(execution);
      if (isFinal(execution.status)) return execution;
      seenAtMs = performance.now();
    } catch (thrown) {
      // A restarted daemon resumes its executions.
      const isAbsent = thrown instanceof AppError && thrown.code === "not_reachable";
      if (!isAbsent || performance.now() - seenAtMs > absentMsMax) throw thrown;
    }
    await pause(pollMs, signal);
  }
}

/** Waits; rejects with the signal's reason as soon as it is aborted. */
function pause(ms: number, signal: AbortSignal): Promise<void> {
  return new Promise((resolve, reject) => {
    const stop = (): void => {
      clearTimeout(timer);
      reject(signal.reason);
    };
    const timer = setTimeout(() => {
      signal.removeEventListener("abort", stop);
      resolve();
    }, ms);
    if (signal.aborted) stop();
    else signal.addEventListener("abort", stop, { once: true });
  });
}
