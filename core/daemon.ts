/**
 * The composition root: puts the parts of a daemon together and takes them apart in reverse order.
 * The only file that sees everything.
 */

import { fileURLToPath } from "node:url";
import { Bus } from "./bus/bus.ts";
import { openBroadcastChannel } from "./bus/channel.ts";
import { Hub } from "./bus/hub.ts";
import { serveLocally } from "./bus/local.ts";
import { Cache } from "./cache/cache.ts";
import type { Config } from "./config.ts";
import { Definitions } from "./engine/definitions.ts";
import { Engine } from "./engine/engine.ts";
import type { EngineEvent } from "./engine/events.ts";
import { Steerer } from "./engine/steerer.ts";
import { AppError, messageOf } from "./errors.ts";
import { checkFolders, keptFolderOf } from "./folders.ts";
import type { ManifestCache } from "./host/scan/agent_files.ts";
import { Hosts } from "./host/hosts.ts";
import type { Grants, Manifest } from "./host/manifest.ts";
import { createApp } from "./http/app.ts";
import { Gate, loadToken } from "./http/auth.ts";
import type { ControlPlane } from "./http/control_plane.ts";
import { EventTally } from "./http/metrics/event_tally.ts";
import { newOpaqueId } from "./ids.ts";
import { type Log, maskedLog } from "./log.ts";
import { Mask } from "./mask.ts";
import { Market } from "./market/market.ts";
import type { FiringEvent } from "./schedule/events.ts";
import { Scheduler } from "./schedule/scheduler.ts";
import { Ticker } from "./schedule/ticker.ts";
import { readAgents, replaceAgents } from "./store/agents.ts";
import { Retention } from "./store/retention.ts";
import { finalStatuses } from "./statuses.ts";
import { openStore, type Store } from "./store/store.ts";
import { version } from "./version.ts";
import { Catalog } from "./workflow/folder/catalog.ts";
import { fingerprint } from "./workflow/folder/fingerprint.ts";

/** The daemon's address on its bus. */
const daemonAddress = "daemon";
const sweepEveryMs = 60_000;
const projectFolder = fileURLToPath(new URL("../", import.meta.url));

export interface Daemon {
  /** Where it is reached, `http://127.0.0.1:8100`. */
  readonly url: string;
  readonly token: string;
  readonly plane: ControlPlane;
  /** A link that opens the page once, within ten minutes. */
  makeLink(): string;
  /** Stops taking work, waits for what runs as long as configured, and lets go of everything. */
  close(): Promise<void>;
}

export interface DaemonOptions {
  readonly config: Config;
  readonly log: Log;
  /** Told once when the store can acknowledge nothing more: the process should end. */
  readonly onFatal: (error: AppError) => void;
}

/** What has been opened so far, to be closed in reverse order. */
type Closers = (() => void | Promise<void>)[];

/**
 * Starts a daemon; it is ready when this resolves.
 * @throws {AppError} `invalid_config`, `already_running`, `store_unavailable`, `not_reachable`,
 * `port_taken`.
 */
export async function startDaemon(options: DaemonOptions): Promise<Daemon> {
  const closers: Closers = [];
  try {
    return await open(options, closers);
  } catch (thrown) {
    await closeAll(closers, options.log);
    throw thrown;
  }
}

async function open(
  { config, log: givenLog, onFatal }: DaemonOptions,
  closers: Closers,
): Promise<Daemon> {
  const log = maskedLog(givenLog, new Mask(config.secrets));
  await checkFolders(config);
  await makeFolder(config.dataFolder);
  const store = await openStore({
    url: config.databaseUrl,
    migrationsFolder: fileURLToPath(new URL("../migrations", import.meta.url)),
    onFatal,
  });
  closers.push(() => store.close());
  // Once the store's lock is held: of two daemons that start at once, one writes the token.
  const token = config.token ?? await loadToken(config.dataFolder);

  const cache = new Cache(store);
  const market = new Market(store);
  const { bus, hosts } = openHosts(config, log, { cache, market }, store, closers);
  await hosts.open();

  const catalog = new Catalog(config.workflowsFolder, () => hosts.capabilities());
  const definitions = new Definitions(store.executions);
  // What happened is in the store; that it could not be told undoes nothing of it.
  const tell = ({ topic, ...body }: EngineEvent | FiringEvent): void => {
    try {
      bus.publish(topic, JSON.stringify(body));
    } catch (thrown) {
      log.error("cannot tell an event", { topic, reason: messageOf(thrown) });
    }
  };
  const engine = new Engine({
    store,
    definitions,
    log,
    concurrentMax: config.concurrentMax,
    queueMax: config.queueMax,
    secrets: config.secrets,
    invoke: (address, input, invocation) =>
      hosts.invoke({ address, input, caller: daemonAddress, ...invocation }),
    publish: tell,
  });
  const scheduler = new Scheduler({
    store,
    log,
    workflows: () => catalog.reread(),
    preparing: () => {
      const check = catalog.checker();
      return (workflow, start) => engine.prepare(check(workflow), start);
    },
    publish: tell,
  });
  const ticker = new Ticker({
    scheduler,
    log,
    fingerprint: () => fingerprint(config.workflowsFolder),
  });
  const tally = new EventTally(bus);
  closers.push(() => tally.close());
  const stopping = new AbortController();
  let url = "";
  const plane: ControlPlane = {
    version,
    config,
    startedAtMs: Date.now(),
    gate: new Gate(token),
    hosts,
    catalog,
    engine,
    steerer: new Steerer({ store, definitions, engine, publish: tell }),
    definitions,
    scheduler,
    ticker,
    store,
    cache,
    market,
    bus,
    tally,
    log,
    signal: stopping.signal,
    url: () => url,
  };
  const server = serve(config, createApp(plane).fetch);
  closers.push(async () => {
    stopping.abort();
    await server.shutdown();
  });
  url = urlOf(config.host, server.addr.port);
  closers.push(() => engine.close(config.shutdownMs));
  await engine.open();
  closers.push(() => ticker.close());
  // A firing that waits for an execution's end starts with it, not with the next tick.
  const ended = finalStatuses.map((status) =>
    bus.subscribe(`execution.${status}`, () => {
      if (scheduler.mayStartWaiting) void ticker.wake();
    })
  );
  closers.push(() => ended.forEach((stop) => stop()));
  await ticker.open();
  const sweep = setInterval(() => {
    Promise.all([
      cache.sweep(),
      market.findings.sweep(),
      ...config.retentionDays > 0
        ? [scheduler.forget(Date.now() - config.retentionDays * 86_400_000)]
        : [],
    ]).catch((thrown) => log.error("cannot sweep", { reason: messageOf(thrown) }));
  }, sweepEveryMs);
  closers.push(() => clearInterval(sweep));
  const retention = new Retention({ database: store.database, days: config.retentionDays, log });
  closers.push(() => retention.close());
  retention.open();
  return {
    url,
    token,
    plane,
    makeLink: () => `${url}/login?once=${plane.gate.makeLink()}`,
    close: () => closeAll(closers, log),
  };
}

function openHosts(
  config: Config,
  log: Log,
  { cache, market }: { readonly cache: Cache; readonly market: Market },
  store: Store,
  closers: Closers,
): { readonly bus: Bus; readonly hosts: Hosts } {
  // A name that no other daemon of this process, and no agent by accident, speaks on.
  const channel = `100ac-${newOpaqueId()}`;
  const services = { cache: cache.capabilities, market: market.capabilities };
  const hub = new Hub(daemonAddress, openBroadcastChannel(channel));
  const bus: Bus = new Bus({
    channel: hub,
    address: daemonAddress,
    onRequest: serveLocally(services, (request) => hosts.invoke(request)),
    onLost: (publisher, count) => log.warn("events were lost", { publisher, count }),
  });
  closers.push(() => bus.close());
  const hosts = new Hosts({
    agentsFolder: config.agentsFolder,
    keptFolder: keptFolderOf(config),
    readable: [`${projectFolder}node_modules`],
    bus,
    hub,
    channel,
    daemon: daemonAddress,
    log,
    watch: true,
    watchdogMs: config.watchdogMs,
    processForAll: config.isolation === "process",
    heapMb: config.agentHeapMb,
    secrets: config.secrets,
    cache: manifestCache(store),
    settingsOf: (id) => settingsOf(id, config),
    grantsOf: (manifest) => grantsOf(manifest, config),
  });
  closers.push(() => hosts.close());
  return { bus, hosts };
}

/** Manifests outlive the daemon in the store: hosts know nothing of it, nor it of them. */
function manifestCache(store: Store): ManifestCache {
  return {
    load: async () =>
      (await readAgents(store)).map(({ file, contentHash: hash, manifest }) => ({
        file,
        hash,
        manifest: JSON.parse(manifest) as Manifest,
      })),
    save: async (scanned) => {
      const rows = scanned.map(({ file, hash, manifest }) => ({
        file,
        agentId: manifest.id,
        contentHash: hash,
        manifest: JSON.stringify(manifest),
      }));
      await replaceAgents(store, rows, Date.now());
    },
  };
}

/** Agents that ask the sources. */
const askers = ["market_data_fetcher", "historical_data_loader", "market_events_tracker"];

/** What the daemon's configuration means to its agents. */
function settingsOf(id: string, config: Config): Record<string, unknown> {
  if (askers.includes(id)) return { sources: config.marketData };
  if (id === "csv") return { folder: config.csvFolder };
  if (id !== "yahoo") return {};
  return { base_url: config.yahooUrl ?? null, timeout_seconds: config.sourceTimeoutMs / 1_000 };
}

/** Where something stands in for Yahoo, or for the folder of prices, that alone is granted. */
function grantsOf({ id, permissions }: Manifest, { yahooUrl, csvFolder }: Config): Grants {
  if (id === "csv") return { ...permissions, read: [csvFolder] };
  if (id !== "yahoo" || yahooUrl === undefined) return permissions;
  const { hostname, port, protocol } = new URL(yahooUrl);
  return { ...permissions, net: [`${hostname}:${port || (protocol === "https:" ? 443 : 80)}`] };
}

async function makeFolder(folder: string): Promise<void> {
  try {
    await Deno.mkdir(folder, { recursive: true, mode: 0o700 });
  } catch (thrown) {
    throw new AppError(
      "invalid_config",
      `Cannot make the data folder "${folder}": ${messageOf(thrown)}; set AC100_DATA_DIR`,
      { cause: thrown },
    );
  }
}

function serve(
  { host, port }: Config,
  fetch: (request: Request) => Response | Promise<Response>,
): Deno.HttpServer<Deno.NetAddr> {
  try {
    return Deno.serve(
      { hostname: host, port, onListen: () => undefined },
      (request) => fetch(request),
    );
  } catch (thrown) {
    const isTaken = thrown instanceof Deno.errors.AddrInUse;
    throw new AppError(
      isTaken ? "port_taken" : "invalid_config",
      isTaken
        ? `Cannot listen on ${host}:${port}: the port is taken; set AC100_PORT to another`
        : `Cannot listen on ${host}:${port}: ${messageOf(thrown)}; set AC100_HOST and AC100_PORT`,
      { cause: thrown },
    );
  }
}

function urlOf(host: string, port: number): string {
  const reachable = host === "0.0.0.0" ? "127.0.0.1" : host === "::" ? "::1" : host;
  return `http://${reachable.includes(":") ? `[${reachable}]` : reachable}:${port}`;
}

async function closeAll(closers: Closers, log: Log): Promise<void> {
  for (const close of closers.splice(0).reverse()) {
    try {
      await close();
    } catch (thrown) {
      log.error("cannot close", { reason: messageOf(thrown) });
    }
  }
}
