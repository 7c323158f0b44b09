/** Follows an execution on a terminal with a live line, until it ends, Ctrl-C or a time limit. */

import { AppError } from "../errors.ts";
import type { ExecutionView } from "../http/api.ts";
import type { Client } from "./ask/client.ts";
import { followExecution } from "./ask/follow.ts";
import { ProgressLine } from "./show/progress.ts";
import type { Terminal } from "./terminal.ts";

const secondsDefault = 3_600;

/**
 * Runs `act` with a signal that Ctrl-C aborts. The abort's reason says `consequence`.
 * @throws {AppError} `cancelled` at Ctrl-C, if `act` throws the signal's reason.
 */
export async function interruptible<Result>(
  consequence: string,
  act: (signal: AbortSignal) => Promise<Result>,
): Promise<Result> {
  const stop = new AbortController();
  const interrupt = (): void => stop.abort(new AppError("cancelled", consequence));
  Deno.addSignalListener("SIGINT", interrupt);
  try {
    return await act(stop.signal);
  } finally {
    Deno.removeSignalListener("SIGINT", interrupt);
  }
}

/**
 * Returns the ended execution.
 * @throws {AppError} `cancelled` at Ctrl-C, `deadline_exceeded` after `secondsMax`; in both cases
 * the execution continues, and the message says so.
 */
export async function followUntilInterrupted(
  client: Client,
  execution: ExecutionView,
  terminal: Terminal,
  secondsMax: number = secondsDefault,
): Promise<ExecutionView> {
  const { execution_id: id } = execution;
  const how = `it continues; see ${terminal.look("err").program} execution show ${id}`;
  const stop = new AbortController();
  const interrupt = (): void =>
    stop.abort(new AppError("cancelled", `Stopped following execution "${id}": ${how}`));
  const late = setTimeout(() => {
    const message = `Cannot follow execution "${id}": not ended within ${secondsMax} s; ${how}`;
    stop.abort(new AppError("deadline_exceeded", message));
  }, secondsMax * 1_000);
  Deno.addSignalListener("SIGINT", interrupt);
  using line = terminal.isLive
    ? new ProgressLine(terminal.writeErr, () => terminal.look("err"))
    : undefined;
  line?.show(execution);
  try {
    return await followExecution(client, id, {
      signal: stop.signal,
      onChange: (now) => line?.show(now),
    });
  } finally {
    Deno.removeSignalListener("SIGINT", interrupt);
    clearTimeout(late);
  }
}
