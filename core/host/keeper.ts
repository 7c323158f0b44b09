/**
 * Keeps hosts: opens one for a placement when it is needed, lets a newer one take over, and deals
 * with one that is lost. Agents whose newest version does not load are pinned to the host in which
 * the version before it serves.
 */

import type { Bus } from "../bus/bus.ts";
import type { Hub } from "../bus/hub.ts";
import { AppError, messageOf } from "../errors.ts";
import type { Log } from "../log.ts";
import type { AgentToLoad, FailedAgent, HostNews } from "./control.ts";
import type { AgentEntry } from "./directory.ts";
import { Home, lossesMax } from "./home.ts";
import { Host } from "./host.ts";
import { keyOf, type Placement, type PlacementKey, placementOf } from "./placement.ts";
import { openProcess } from "./process_vessel.ts";
import { openThread } from "./thread_vessel.ts";
import { toFileUrl } from "./url.ts";

export interface KeeperOptions {
  /** Folders that agents' imports may read beside the agents folder. */
  readonly readable: readonly string[];
  readonly bus: Bus;
  readonly hub: Hub;
  /** Name of the channel between the daemon's threads. */
  readonly channel: string;
  readonly daemon: string;
  readonly log: Log;
  /** Silence after which a host is given up. */
  readonly watchdogMs: number;
  /** How long an agent may hold its thread before its first await. */
  readonly budgetMs?: number;
  readonly startMsMax?: number;
  /** Heap of a process host, in MB. */
  readonly heapMb?: number;
  /** Every agent in a process, whatever its manifest says. */
  readonly processForAll?: boolean;
  /** Every secret there is, by name. */
  readonly secrets?: Readonly<Record<string, string>>;
  /** Values for an agent's `config` schema. */
  readonly settingsOf: (id: string) => Readonly<Record<string, unknown>>;
}

const budgetMsDefault = 1_000;
const heapMbDefault = 256;

export class Keeper {
  readonly #options: KeeperOptions;
  readonly #entries: () => readonly AgentEntry[];
  readonly #homes = new Map<PlacementKey, Home>();
  /** Every host that has not ended, by address. */
  readonly #running = new Map<string, Host>();
  readonly #pins = new Map<string, Host>();
  /** The ends of all hosts of which something is left. */
  readonly #ending = new Set<Promise<void>>();
  #hostsStarted = 0;
  #wedgedThreads = 0;
  #isClosed = false;

  /** `entries` gives every agent as it is now. */
  constructor(options: KeeperOptions, entries: () => readonly AgentEntry[]) {
    this.#options = options;
    this.#entries = entries;
  }

  get running(): readonly Host[] {
    return [...this.#running.values()];
  }

  /** Threads that did not yield any more; they burn a core until the daemon ends. */
  get wedgedThreads(): number {
    return this.#wedgedThreads;
  }

  placementOf(entry: AgentEntry): Placement {
    return placementOf(entry, this.#options.processForAll ?? false);
  }

  /** The host that the agent lives in now; undefined before its first use. */
  hostOf(entry: AgentEntry): Host | undefined {
    return this.#pins.get(entry.id) ?? this.#homes.get(this.#keyOf(entry))?.current;
  }

  /**
   * The host that the agent lives in, opened if need be; it may not be ready yet.
   * @throws {AppError} `agent_unavailable`, or `host_gone` too soon after a loss.
   */
  use(entry: AgentEntry): Host {
    const pinned = this.#pins.get(entry.id);
    if (pinned) return pinned;
    const home = this.#homeOf(entry);
    return home.use(() => {
      const host = this.#spawn(home);
      host.ready.then(
        (failed) => this.#settleFailed(failed, undefined, new Set()),
        () => undefined, // it was lost, which is told there
      );
      return host;
    });
  }

  /** Leaves the agent where the version before its newest one serves; false if nowhere. */
  pin(entry: AgentEntry, reason: string): boolean {
    const host = this.hostOf(entry);
    if (!host?.agents.has(entry.id) || host.hasEnded) return false;
    this.#pinTo(entry, host, reason);
    return true;
  }

  unpin(id: string): void {
    const host = this.#pins.get(id);
    this.#pins.delete(id);
    const serves = [...this.#homes.values()].some(({ current }) => current === host);
    if (host && !serves) this.#retire(host);
  }

  /**
   * Where agents of these files live or lived, a host with the agents as they are now takes over
   * from the one that runs.
   */
  async renew(touched: readonly AgentEntry[], changed: ReadonlySet<string>): Promise<void> {
    const keys = new Set(touched.map((entry) => this.#keyOf(entry)));
    await Promise.all([...keys].map(async (key) => {
      const home = this.#homes.get(key);
      if (home) await this.#renewHome(key, home, changed);
    }));
  }

  /** Ends hosts that nothing has been asked of for `ms`, and that wait for no events. */
  endIdle(ms: number): void {
    for (const home of this.#homes.values()) {
      const host = home.current;
      const isNeeded = this.#inhabitants(home).some(isSubscriber) || this.#pinnedTo(host).length;
      if (!isNeeded) home.endIfIdle(ms);
      if (host?.hasEnded) this.#running.delete(host.address);
    }
  }

  /** Ends every host; resolves when nothing of them is left. */
  async close(): Promise<void> {
    this.#isClosed = true;
    for (const host of this.#running.values()) host.close();
    this.#running.clear();
    this.#homes.clear();
    this.#pins.clear();
    await Promise.all(this.#ending);
  }

  #keyOf(entry: AgentEntry): PlacementKey {
    return keyOf(this.placementOf(entry));
  }

  #homeOf(entry: AgentEntry): Home {
    const placement = this.placementOf(entry);
    const key = keyOf(placement);
    const home = this.#homes.get(key) ?? new Home(placement);
    this.#homes.set(key, home);
    return home;
  }

  /** The agents that a host of this home would have now. */
  #inhabitants(home: Home): AgentEntry[] {
    const key = keyOf(home.placement);
    return this.#entries().filter((entry) =>
      entry.state === "loaded" && !this.#pins.has(entry.id) && this.#keyOf(entry) === key
    );
  }

  #pinnedTo(host: Host | undefined): string[] {
    return [...this.#pins].flatMap(([id, pinned]) => pinned === host ? [id] : []);
  }

  async #renewHome(key: PlacementKey, home: Home, changed: ReadonlySet<string>): Promise<void> {
    home.forgive();
    const old = home.current;
    if (!old) return;
    const entries = this.#inhabitants(home);
    if (entries.length === 0) {
      this.#homes.delete(key);
      this.#retire(old);
      return;
    }
    try {
      await home.renew(() => this.#spawn(home), (failed) => {
        this.#settleFailed(failed, old, changed);
        this.#retire(old);
      });
    } catch (thrown) {
      for (const entry of entries) {
        if (changed.has(entry.file)) this.#pinTo(entry, old, messageOf(thrown));
      }
    }
  }

  /** Agents that a host could not load: the version before serves on where there is one. */
  #settleFailed(
    failed: readonly FailedAgent[],
    old: Host | undefined,
    changed: ReadonlySet<string>,
  ): void {
    for (const { id, error } of failed) {
      const entry = this.#entries().find((entry) => entry.id === id);
      if (!entry) continue;
      if (old?.agents.has(id) && !old.hasEnded && changed.has(entry.file)) {
        this.#pinTo(entry, old, error.message);
      } else this.#fail(entry, "failed", error.message);
    }
  }

  #pinTo(entry: AgentEntry, host: Host, reason: string): void {
    this.#pins.set(entry.id, host);
    entry.reason = reason;
    this.#options.log.error("an agent's new version does not load", { agent: entry.id, reason });
  }

  #retire(host: Host): void {
    host.retire(this.#pinnedTo(host));
    if (host.hasEnded) this.#running.delete(host.address);
  }

  #spawn(home: Home): Host {
    if (this.#isClosed) {
      throw new AppError("host_gone", "Cannot start a host: the daemon is stopping");
    }
    const entries = this.#inhabitants(home);
    try {
      const host = this.#openHost(home, entries);
      this.#running.set(host.address, host);
      this.#ending.add(host.gone);
      void host.gone.then(() => this.#ending.delete(host.gone));
      return host;
    } catch (thrown) {
      for (const entry of entries) this.#fail(entry, "refused", messageOf(thrown));
      throw thrown;
    }
  }

  #openHost(home: Home, entries: readonly AgentEntry[]): Host {
    const { bus, channel, daemon, watchdogMs, startMsMax } = this.#options;
    const { hub, heapMb = heapMbDefault, budgetMs = budgetMsDefault } = this.#options;
    const { grants, kind } = home.placement;
    const address = `host-${++this.#hostsStarted}`;
    const agents = new Set(entries.map(({ id }) => id));
    const folders = entries.map(({ path, file }) => path.slice(0, path.length - file.length));
    const readable = [...new Set(folders), ...this.#options.readable];
    const host: Host = new Host({
      address,
      bus,
      channel,
      daemon,
      watchdogMs,
      budgetMs,
      ...(startMsMax === undefined ? {} : { startMsMax }),
      agents: entries.flatMap((entry) => this.#toLoad(entry)),
      openVessel: (events) =>
        kind === "thread"
          ? openThread({ address, grants, agents, readable, ...events })
          : openProcess({ address, grants, agents, readable, hub, heapMb, ...events }),
      onNews: (news) => this.#hear(address, news),
      onLost: (reason) => this.#lose(home, host, reason),
    });
    return host;
  }

  #toLoad({ manifest, file, path }: AgentEntry): AgentToLoad[] {
    if (!manifest) return [];
    const { settingsOf, secrets: all = {} } = this.#options;
    const secrets = Object.fromEntries(manifest.secrets.map((name) => [name, all[name] ?? ""]));
    return [{ file, url: toFileUrl(path), manifest, settings: settingsOf(manifest.id), secrets }];
  }

  #lose(home: Home, host: Host, reason: AppError): void {
    const { bus, log } = this.#options;
    const suspects = host.busyAgents;
    home.lost(host);
    this.#running.delete(host.address);
    log.error("host is lost", { host: host.address, reason: reason.message });
    bus.drop(host.address, reason);
    for (const other of this.#running.values()) other.forget(host.address);
    for (const id of this.#pinnedTo(host)) this.#losePinned(id);
    if (reason.code === "host_wedged" && host.kind === "thread") this.#moveApart(suspects);
    const inhabitants = this.#inhabitants(home);
    if (home.losses > lossesMax) {
      const why = `its host was lost ${home.losses} times: ${reason.message}`;
      for (const entry of inhabitants) this.#fail(entry, "failed", why);
    } else if (host.isReady && inhabitants.some(isSubscriber)) {
      const [first] = inhabitants;
      // One that never came up would not do so now; the next request tries.
      if (first) void this.#restart(first);
    }
  }

  async #restart(entry: AgentEntry): Promise<void> {
    try {
      await this.use(entry).ready;
    } catch (thrown) {
      const reason = messageOf(thrown);
      this.#options.log.warn("host is not started again yet", { agent: entry.id, reason });
    }
  }

  /** The agents that were asked when their thread stopped answering: one of them holds it. */
  #moveApart(suspects: readonly string[]): void {
    this.#wedgedThreads++;
    for (const entry of this.#entries()) {
      if (!suspects.includes(entry.id)) continue;
      entry.isApart = true;
      this.#options.log.warn("agent moves to a process of its own", { agent: entry.id });
    }
  }

  /** The version that served is gone with its host, and the newer one does not load. */
  #losePinned(id: string): void {
    this.#pins.delete(id);
    const entry = this.#entries().find((entry) => entry.id === id);
    if (entry) this.#fail(entry, "failed", entry.reason ?? "its host was lost");
  }

  #fail(entry: AgentEntry, state: "failed" | "refused", reason: string): void {
    entry.state = state;
    entry.reason = reason;
    this.#options.log.error("agent is not available", { agent: entry.id, reason });
  }

  #hear(host: string, news: HostNews): void {
    const { log } = this.#options;
    if (news.kind === "log") {
      log[news.level](news.message, { host, agent: news.agent, ...news.fields });
      return;
    }
    log.error("agent fault", { host, agent: news.agent, reason: news.message });
    const entry = this.#entries().find((entry) => entry.id === news.agent);
    // A process can say anything of agents that live elsewhere.
    if (!entry || !this.#running.get(host)?.agents.has(entry.id)) return;
    entry.errors++;
    entry.lastError = news.message;
  }
}

export function isSubscriber({ manifest, state }: AgentEntry): boolean {
  return state === "loaded" && manifest !== undefined && manifest.subscriptions.length > 0;
}
