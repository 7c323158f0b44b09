/**
 * The daemon's process: configuration, start, signals. It exits with 0 when stopped, 1 when the
 * store fails or its server is unreachable, 2 when it cannot start with this configuration, and 75
 * to be restarted.
 */

import { maskOf, readConfig } from "../config.ts";
import { type Daemon, startDaemon } from "../daemon.ts";
import { AppError, messageOf } from "../errors.ts";
import { openStandardLog } from "../log.ts";
import { exitCodes } from "../supervisor.ts";

/**
 * Time beyond the daemon's own grace before a worker that never yields is killed with the process.
 */
const closeMsMax = 5_000;
const wornLookMs = 5_000;

export interface ProcessOptions {
  /** Whether to stop when standard input ends: a supervisor holds the other end. */
  readonly endsWithStdin: boolean;
}

/** Runs the daemon until the process ends. */
export async function runDaemon(options: ProcessOptions): Promise<void> {
  try {
    await main(options);
  } catch (thrown) {
    const message = thrown instanceof AppError
      ? thrown.message
      : `Cannot start: ${messageOf(thrown)}`;
    const masked = maskOf(Deno.env.toObject()).text(message);
    await Deno.stderr.write(new TextEncoder().encode(`${masked}\n`));
    // The database server may come back, so exit with a code that lets the supervisor try again.
    const isAway = thrown instanceof AppError && thrown.code === "not_reachable";
    Deno.exit(isAway ? 1 : exitCodes.misconfigured);
  }
}

async function main({ endsWithStdin }: ProcessOptions): Promise<void> {
  const config = readConfig(Deno.env.toObject());
  const log = openStandardLog(config.log);
  // From here on: a signal during the start stops the daemon in order once it has started.
  const stopping = stopRequested(endsWithStdin);
  const daemon = await startDaemon({
    config,
    log,
    onFatal: (error) => {
      log.error("the store failed; the daemon stops", { reason: error.message });
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
 * Resolves with the reason to restart the daemon, once it is idle, and aborts `worn`. A thread that
 * never yields burns a core until its process ends.
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
      resolve(`${hosts.wedgedThreads} threads are wedged and the daemon is idle`);
    }, wornLookMs);
  });
}

/** Resolves with the reason to stop. A second signal ends the process at once. */
function stopRequested(endsWithStdin: boolean): Promise<string> {
  return new Promise((resolve) => {
    let asked = false;
    const ask = (why: string): void => {
      asked = true;
      resolve(why);
    };
    for (const signal of ["SIGTERM", "SIGINT"] as const) {
      Deno.addSignalListener(signal, () => {
        // Executions stay `running` in the store, and the next start resumes them.
        if (asked) Deno.exit(130);
        ask(signal);
      });
    }
    if (endsWithStdin) void inputEnd().then(() => ask("its supervisor has ended"));
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
