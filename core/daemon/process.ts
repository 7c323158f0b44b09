/**
 * The daemon's process: configuration, start, signals. Ends with 0 when stopped, 1 when the store
 * fails or its server is away, 2 when it can't start as configured, 75 when it wants to be started
 * anew.
 */

import { readConfig } from "../config.ts";
import { type Daemon, startDaemon } from "../daemon.ts";
import { AppError, messageOf } from "../errors.ts";
import { openStandardLog } from "../log.ts";
import { exitCodes } from "../supervisor.ts";

/** A worker that never yields must not hold the process beyond the daemon's own grace. */
const closeMsMax = 5_000;
const wornLookMs = 5_000;

export interface ProcessOptions {
  /** Whether the end of standard input is a request to stop: it is held by a supervisor. */
  readonly endsWithStdin: boolean;
}

/** Is the daemon, until the process ends. */
export async function runDaemon(options: ProcessOptions): Promise<void> {
  try {
    await main(options);
  } catch (thrown) {
    const message = thrown instanceof AppError
      ? thrown.message
      : `Cannot start: ${messageOf(thrown)}`;
    await Deno.stderr.write(new TextEncoder().encode(`${message}\n`));
    // A server that is away may come back: the supervisor tries again.
    const isAway = thrown instanceof AppError && thrown.code === "not_reachable";
    Deno.exit(isAway ? 1 : exitCodes.misconfigured);
  }
}

async function main({ endsWithStdin }: ProcessOptions): Promise<void> {
  const config = readConfig(Deno.env.toObject());
  const log = openStandardLog(config.log);
  // Heard from here on: who asks while the daemon starts gets an orderly stop as soon as it has.
  const stopping = stopRequested(endsWithStdin);
  const daemon = await startDaemon({
    config,
    log,
    onFatal: (error) => {
      log.error("the store failed; nothing more can be acknowledged", { reason: error.message });
      Deno.exit(1);
    },
  });
  const { hosts } = daemon.plane;
  log.info("ready", {
    url: daemon.url,
    pid: Deno.pid,
    agents: hosts.entries.filter(({ isServing }) => isServing).length,
    market_data: hosts.sources.map(({ id }) => id).join(","),
    page: daemon.makeLink(),
  });
  const isSupervised = endsWithStdin || Deno.env.get("INVOCATION_ID") !== undefined; // systemd's
  const worn = new AbortController();
  const why = await Promise.race([stopping, ...(isSupervised ? [wornOut(daemon, worn)] : [])]);
  log.info("stopping", { why, waits_up_to_seconds: config.shutdownMs / 1_000 });
  await stop(daemon, config.shutdownMs);
  Deno.exit(worn.signal.aborted ? exitCodes.restart : exitCodes.stopped);
}

/**
 * Gives why the daemon should be started anew, once it has nothing to do: a thread that never
 * yields burns a core, and ends only with its process. Aborts `worn` then.
 */
function wornOut({ plane }: Daemon, worn: AbortController): Promise<string> {
  return new Promise((resolve) => {
    const look = setInterval(async () => {
      const { hosts, engine, store } = plane;
      if (hosts.wedgedThreads === 0 || engine.runningCount > 0) return;
      if (hosts.entries.some(({ openCount }) => openCount > 0)) return;
      if (await store.read({ read: "pending_count" }) > 0) return;
      clearInterval(look);
      worn.abort();
      resolve(`${hosts.wedgedThreads} threads are wedged, and there is nothing to do`);
    }, wornLookMs);
  });
}

/** Gives why the daemon is to stop. After that, a signal ends the process at once. */
function stopRequested(endsWithStdin: boolean): Promise<string> {
  return new Promise((resolve) => {
    let asked = false;
    const ask = (why: string): void => {
      asked = true;
      resolve(why);
    };
    for (const signal of ["SIGTERM", "SIGINT"] as const) {
      Deno.addSignalListener(signal, () => {
        // Whatever runs stays `running` in the store: the next start goes on with it.
        if (asked) Deno.exit(130);
        ask(signal);
      });
    }
    if (endsWithStdin) void inputEnd().then(() => ask("its supervisor is gone"));
  });
}

async function inputEnd(): Promise<void> {
  const reader = Deno.stdin.readable.getReader();
  while (!(await reader.read()).done);
}

async function stop(daemon: Daemon, graceMs: number): Promise<void> {
  const late = setTimeout(() => Deno.exit(1), graceMs + closeMsMax);
  await daemon.close();
  clearTimeout(late);
}
