/** The daemon's side of its agents: the bus, what it serves there itself, and their hosts. */

import { fileURLToPath } from "node:url";
import { Bus } from "../bus/bus.ts";
import { openBroadcastChannel } from "../bus/channel.ts";
import { Hub } from "../bus/hub.ts";
import { serveLocally } from "../bus/local.ts";
import type { Cache } from "../cache/cache.ts";
import type { Config } from "../config.ts";
import type { ManifestCache } from "../host/scan/agent_files.ts";
import { Hosts } from "../host/hosts.ts";
import type { Grants, Manifest } from "../host/manifest.ts";
import { newOpaqueId } from "../ids.ts";
import type { Log } from "../log.ts";
import type { Market } from "../market/market.ts";
import type { SaveAgent } from "../store/operations/agents.ts";
import type { Store } from "../store/store.ts";
import type { Closers } from "./closers.ts";
import { keptFolderOf } from "./folders.ts";

/** The daemon's address on its bus. */
export const daemonAddress = "daemon";
const packagesFolder = fileURLToPath(new URL("../../node_modules", import.meta.url));

export interface AgentsOptions {
  readonly config: Config;
  readonly log: Log;
  readonly store: Store;
  readonly cache: Cache;
  readonly market: Market;
}

/** Opens the bus, and the hosts that are started on it when they are needed. */
export async function openAgents(
  { config, log, store, cache, market }: AgentsOptions,
  closers: Closers,
): Promise<{ readonly bus: Bus; readonly hosts: Hosts }> {
  // A name that no other daemon of this process, and no agent by accident, speaks on.
  const channel = `100ac-${newOpaqueId()}`;
  const hub = new Hub(daemonAddress, openBroadcastChannel(channel));
  const bus: Bus = new Bus({
    channel: hub,
    address: daemonAddress,
    onRequest: serveLocally({ cache, market }, (request) => hosts.invoke(request)),
    onLost: (publisher, count) => log.warn("events were lost", { publisher, count }),
  });
  closers.add(() => bus.close());
  const hosts = new Hosts({
    agentsFolder: config.agentsFolder,
    keptFolder: keptFolderOf(config),
    readable: [packagesFolder],
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
  closers.add(() => hosts.close());
  await hosts.open();
  return { bus, hosts };
}

/** Manifests outlive the daemon in the store: hosts know nothing of it, nor it of them. */
function manifestCache(store: Store): ManifestCache {
  return {
    load: async () =>
      (await store.read({ read: "scanned_agents" })).map((
        { file, contentHash: hash, manifest },
      ) => ({
        file,
        hash,
        manifest: JSON.parse(manifest) as Manifest,
      })),
    save: async (scanned) => {
      const atMs = Date.now();
      const saved = scanned.map(({ file, hash, manifest }): SaveAgent => ({
        kind: "save_agent",
        file,
        agentId: manifest.id,
        contentHash: hash,
        manifest: JSON.stringify(manifest),
        atMs,
      }));
      await store.commit([...saved, {
        kind: "keep_agents",
        files: scanned.map(({ file }) => file),
      }]);
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
