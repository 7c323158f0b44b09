/** The agents' part of the daemon: the bus, the capabilities the daemon serves, and the hosts. */

import { fileURLToPath } from "node:url";
import { Bus } from "../bus/bus.ts";
import { openBroadcastChannel } from "../bus/channel.ts";
import { Hub } from "../bus/hub.ts";
import { serveLocally } from "../bus/local.ts";
import type { Cache } from "../cache/cache.ts";
import { boundsDefault } from "../collections/bounds.ts";
import { Collections } from "../collections/collections.ts";
import type { Config } from "../config.ts";
import type { ManifestCache } from "../host/scan/agent_files.ts";
import { messageOf } from "../errors.ts";
import { openRequestsMax } from "../host/control.ts";
import { Hosts } from "../host/hosts.ts";
import { isManifest } from "../host/manifest/manifest.ts";
import { OperatorSettings } from "../host/settings/operator_settings.ts";
import { newOpaqueId } from "../ids.ts";
import type { Log } from "../log.ts";
import { Market } from "../market/market.ts";
import { shippedAgents } from "../shipped.ts";
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
}

export interface AgentParts {
  readonly bus: Bus;
  readonly hosts: Hosts;
  readonly collections: Collections;
  readonly market: Market;
}

/** Opens the bus and the hosts, which start when first used. */
export async function openAgents(
  { config, log, store, cache }: AgentsOptions,
  closers: Closers,
): Promise<AgentParts> {
  // A random name, which no other daemon in this process uses.
  const channel = `100ac-${newOpaqueId()}`;
  const hub = new Hub(daemonAddress, openBroadcastChannel(channel));
  const collections: Collections = new Collections({
    store,
    log,
    declarationsOf: (agent) => hosts.entry(agent)?.manifest?.collections ?? [],
    boundsOf: (agent) => {
      const { values_max, bytes_max } = hosts.entry(agent)?.settled?.collections ?? {};
      const { valuesMax, bytesMax } = boundsDefault;
      return { valuesMax: values_max ?? valuesMax, bytesMax: bytes_max ?? bytesMax };
    },
  });
  closers.add(() => collections.close());
  await collections.open();
  const market = new Market({
    store,
    sourceOf: (agent) => hosts.entry(agent)?.manifest?.source ?? undefined,
    publish: (topic, body) => bus.publish(topic, JSON.stringify(body), daemonAddress),
  });
  const bus: Bus = new Bus({
    channel: hub,
    address: daemonAddress,
    onRequest: serveLocally(
      { cache, collections, market },
      (request) => hosts.invoke(request),
      config.mask,
    ),
    answeringMax: openRequestsMax,
    onFault: (thrown) => log.error("a subscriber has failed", { reason: messageOf(thrown) }),
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
    isolation: config.isolation,
    idleMs: config.hostIdleMs,
    hostsMax: config.hostsMax,
    heapMb: config.agentHeapMb,
    secrets: config.secrets,
    cache: manifestCache(store),
    settings: new OperatorSettings({
      agentsFolder: config.agentsFolder,
      dataFolder: config.dataFolder,
      variables: config.agentVariables,
      shipped: shippedAgents,
      secrets: config.secrets,
    }),
  });
  closers.add(() => hosts.close());
  await hosts.open();
  return { bus, hosts, collections, market };
}

/** Keeps manifests in the store across restarts, so that host/ does not depend on the store. */
function manifestCache(store: Store): ManifestCache {
  return {
    load: async () =>
      (await store.read({ read: "scanned_agents" })).flatMap(
        ({ file, contentHash: hash, manifest: text }) => {
          const manifest: unknown = JSON.parse(text);
          // A manifest kept by an earlier release may have another form; its file is then scanned
          // again.
          return isManifest(manifest) ? [{ file, hash, manifest }] : [];
        },
      ),
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
