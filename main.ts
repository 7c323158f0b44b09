/**
 * The daemon's process: configuration, start, signals. Ends with 0 when stopped, 1 when the store
 * fails, 2 when it can't start as configured.
 */

import { readConfig } from "./core/config.ts";
import { type Daemon, startDaemon } from "./core/daemon.ts";
import { AppError, messageOf } from "./core/errors.ts";
import { openStandardLog } from "./core/log.ts";

/** A worker that never yields must not hold the process beyond the daemon's own grace. */
const closeMsMax = 5_000;

async function main(): Promise<void> {
  const config = readConfig(Deno.env.toObject());
  const log = openStandardLog(config.log);
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
    agents: hosts.entries.filter(({ state }) => state === "loaded").length,
    market_data: config.marketData,
    page: daemon.makeLink(),
  });
  await stopRequested();
  log.info("stopping", { waits_up_to_seconds: config.shutdownMs / 1_000 });
  await stop(daemon, config.shutdownMs);
  Deno.exit(0);
}

/** Resolves at the first SIGTERM or SIGINT; a second one ends the process at once. */
function stopRequested(): Promise<void> {
  return new Promise((resolve) => {
    let asked = false;
    for (const signal of ["SIGTERM", "SIGINT"] as const) {
      Deno.addSignalListener(signal, () => {
        // Whatever runs stays `running` in the store: the next start goes on with it.
        if (asked) Deno.exit(130);
        asked = true;
        resolve();
      });
    }
  });
}

async function stop(daemon: Daemon, graceMs: number): Promise<void> {
  const late = setTimeout(() => Deno.exit(1), graceMs + closeMsMax);
  await daemon.close();
  clearTimeout(late);
}

try {
  await main();
} catch (thrown) {
  const message = thrown instanceof AppError
    ? thrown.message
    : `Cannot start: ${messageOf(thrown)}`;
  await Deno.stderr.write(new TextEncoder().encode(`${message}\n`));
  Deno.exit(2);
}
