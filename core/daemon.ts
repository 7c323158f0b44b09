/**
 * The composition root: opens the parts of a daemon and closes them in reverse order. Only this
 * file and its folder may import everything.
 */

import { Cache } from "./cache/cache.ts";
import type { Config } from "./config.ts";
import { openAgents } from "./daemon/agents.ts";
import { Closers } from "./daemon/closers.ts";
import {
  backupsFolderOf,
  checkFolders,
  makeDataFolder,
  migrationsFolder,
} from "./daemon/folders.ts";
import { serve, urlOf } from "./daemon/server.ts";
import { openUpkeep } from "./daemon/upkeep.ts";
import { makeWork, openWork } from "./daemon/work.ts";
import type { AppError } from "./errors.ts";
import { createApp } from "./http/app.ts";
import { Gate, loadToken } from "./http/auth.ts";
import type { ControlPlane } from "./http/control_plane.ts";
import { EventTally } from "./http/metrics/event_tally.ts";
import { type Log, maskedLog } from "./log.ts";
import { openStore } from "./store/sqlite/open.ts";
import { version } from "./version.ts";

export interface Daemon {
  /** The daemon's address, such as `http://127.0.0.1:8100`. */
  readonly url: string;
  readonly token: string;
  readonly plane: ControlPlane;
  /** Makes a link that logs in to the dashboard once, within ten minutes. */
  makeLink(): string;
  /**
   * Stops accepting work, waits for running work up to the configured time, and closes every part.
   */
  close(): Promise<void>;
}

export interface DaemonOptions {
  readonly config: Config;
  readonly log: Log;
  /** Called once, when the store can no longer commit. The process should then exit. */
  readonly onFatal: (error: AppError) => void;
}

/**
 * Starts a daemon, which is ready when this resolves.
 * @throws {AppError} `invalid_config`, `already_running`, `store_unavailable`, `port_taken`.
 */
export async function startDaemon(options: DaemonOptions): Promise<Daemon> {
  const log = maskedLog(options.log, options.config.mask);
  const closers = new Closers(log);
  try {
    return await open({ ...options, log }, closers);
  } catch (thrown) {
    await closers.closeAll();
    throw thrown;
  }
}

async function open({ config, log, onFatal }: DaemonOptions, closers: Closers): Promise<Daemon> {
  for (const notice of config.notices) log.warn(notice);
  await checkFolders(config);
  await makeDataFolder(config.dataFolder);
  const store = await openStore({
    url: config.databaseUrl,
    migrationsFolder,
    backupsFolder: backupsFolderOf(config),
    onFatal,
  });
  closers.add(() => store.close());
  // After the store is locked, so that of two daemons started at once only one writes the token.
  const token = config.token ?? await loadToken(config.dataFolder);

  const kept = { config, log, store, cache: new Cache(store) };
  const { bus, hosts, collections, market } = await openAgents(kept, closers);
  const parts = { ...kept, bus, hosts, collections, market };
  const work = makeWork(parts);
  const tally = new EventTally(bus);
  closers.add(() => tally.close());

  const stopping = new AbortController();
  let url = "";
  const plane: ControlPlane = {
    version,
    startedAtMs: Date.now(),
    gate: new Gate(token),
    ...parts,
    ...work,
    tally,
    signal: stopping.signal,
    url: () => url,
  };
  const server = serve(config, createApp(plane).fetch);
  closers.add(async () => {
    stopping.abort();
    await server.shutdown();
  });
  url = urlOf(config.host, server.addr.port);

  await openWork(work, parts, closers);
  openUpkeep({ ...parts, ...work }, closers);
  return {
    url,
    token,
    plane,
    makeLink: () => `${url}/login?once=${plane.gate.makeLink()}`,
    close: () => closers.closeAll(),
  };
}
