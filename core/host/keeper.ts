/**
 * Keeps hosts: opens one for a placement when it is needed, lets a newer one take over, and deals
 * with one that is lost. An agent whose newest version a host can't load goes back to the version
 * before it.
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

/** The agents whose hosts are kept. */
export interface Agents {
  /** Every one as it is now. */
  readonly entries: readonly AgentEntry[];
  /** Puts the version before this one in its place; false where there is none. */
  goBack(entry: AgentEntry, reason: string): boolean;
}

export class Keeper {
  readonly #options: KeeperOptions;
  readonly #agents: Agents;
  readonly #homes = new Map<PlacementKey, Home>();
  readonly #keys = new WeakMap<AgentEntry, { readonly isApart: boolean; readonly key: string }>();
  /** Every host that has not ended, by address. */
  readonly #running = new Map<string, Host>();
  /** The ends of all hosts of which something is left. */
  readonly #ending = new Set<Promise<void>>();
  #hostsStarted = 0;
  #wedgedThreads = 0;
  #isClosed = false;

  constructor(options: KeeperOptions, agents: Agents) {
    this.#options = options;
    this.#agents = agents;
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
    return this.#homes.get(this.#keyOf(entry))?.current;
  }

  /**
   * The host that the agent lives in, opened if need be; it may not be ready yet.
   * @throws {AppError} `agent_unavailable`, or `host_gone` too soon after a loss.
   */
  use(entry: AgentEntry): Host {
    const home = this.#homeOf(entry);
    return home.use(() => {
      const entries = this.#inhabitants(home);
      const host = this.#spawn(home);
      host.ready.then(
        (failed) => {
          // The next use starts one with the version before.
          if (this.#settleFailed(failed) && home.leave(host)) this.#retire(host);
        },
        (thrown) => {
          if (this.#isClosed) return;
          // That it was lost is told there.
          this.#goBack(this.#suspects(home, entries), messageOf(thrown));
        },
      );
      return host;
    });
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
      if (!this.#inhabitants(home).some(isSubscriber)) home.endIfIdle(ms);
      if (host?.hasEnded) this.#running.delete(host.address);
    }
  }

  /** Ends every host; resolves when nothing of them is left. */
  async close(): Promise<void> {
    this.#isClosed = true;
    for (const host of this.#running.values()) host.close();
    this.#running.clear();
    this.#homes.clear();
    await Promise.all(this.#ending);
  }

  /** Asked on every request, and the same until the agent is moved apart. */
  #keyOf(entry: AgentEntry): PlacementKey {
    const known = this.#keys.get(entry);
    if (known?.isApart === entry.isApart) return known.key;
    const key = keyOf(this.placementOf(entry));
    this.#keys.set(entry, { isApart: entry.isApart, key });
    return key;
  }

  #homeOf(entry: AgentEntry): Home {
    const key = this.#keyOf(entry);
    const known = this.#homes.get(key);
    if (known) return known;
    const home = new Home(this.placementOf(entry));
    this.#homes.set(key, home);
    return home;
  }

  /** The agents that a host of this home would have now. */
  #inhabitants(home: Home): AgentEntry[] {
    const key = keyOf(home.placement);
    return this.#agents.entries.filter((entry) =>
      entry.state === "loaded" && this.#keyOf(entry) === key
    );
  }

  async #renewHome(key: PlacementKey, home: Home, changed: ReadonlySet<string>): Promise<void> {
    home.forgive();
    const old = home.current;
    if (!old) return;
    // Each round but the last puts an older version back, of which there is one at most.
    for (let isOver = false; !isOver;) {
      const entries = this.#inhabitants(home);
      if (entries.length === 0) {
        this.#homes.delete(key);
        this.#retire(old);
        return;
      }
      try {
        isOver = await home.renew(
          () => this.#spawn(home),
          (failed) => !this.#settleFailed(failed),
        );
        if (isOver) this.#retire(old);
      } catch (thrown) {
        if (this.#isClosed) return;
        const reason = messageOf(thrown);
        const suspects = this.#suspects(home, entries);
        const hasMoved = suspects.length < entries.length;
        const wentBack = this.#goBack(suspects.filter(({ file }) => changed.has(file)), reason);
        isOver = !wentBack && !hasMoved;
      }
    }
  }

  /** Who of `entries` kept a host from coming up: who was moved away for it, else any of them. */
  #suspects(home: Home, entries: readonly AgentEntry[]): readonly AgentEntry[] {
    const key = keyOf(home.placement);
    const moved = entries.filter((entry) => this.#keyOf(entry) !== key);
    return moved.length > 0 ? moved : entries;
  }

  /** All are tried; true when one of them could. */
  #goBack(entries: readonly AgentEntry[], reason: string): boolean {
    return entries.filter((entry) => this.#agents.goBack(entry, reason)).length > 0;
  }

  /** Agents that a host could not load go back; true when one of them could. */
  #settleFailed(failed: readonly FailedAgent[]): boolean {
    let wentBack = false;
    for (const { id, error } of failed) {
      const entry = this.#agents.entries.find((entry) => entry.id === id);
      if (!entry) continue;
      if (this.#agents.goBack(entry, error.message)) wentBack = true;
      else this.#fail(entry, "failed", error.message);
    }
    return wentBack;
  }

  #retire(host: Host): void {
    host.retire();
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
      void host.gone.then(() => {
        this.#running.delete(host.address);
        this.#ending.delete(host.gone);
      });
      host.ready.then((failed) => prove(entries, failed), () => undefined);
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
    const { busyAgents, loadingAgent } = host;
    home.lost(host);
    this.#running.delete(host.address);
    log.error("host is lost", { host: host.address, reason: reason.message });
    bus.drop(host.address, reason);
    for (const other of this.#running.values()) other.forget(host.address);
    if (reason.code === "host_wedged" && host.kind === "thread") {
      this.#wedgedThreads++;
      this.#moveApart(busyAgents);
    }
    if (loadingAgent !== undefined && host.agents.size > 1) this.#moveApart([loadingAgent]);
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

  /**
   * The agents that were asked when their thread stopped answering: one of them holds it. Or the
   * one that a host was importing when it ended.
   */
  #moveApart(suspects: readonly string[]): void {
    for (const entry of this.#agents.entries) {
      if (!suspects.includes(entry.id)) continue;
      entry.isApart = true;
      this.#options.log.warn("agent moves to a process of its own", { agent: entry.id });
    }
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
    const entry = this.#agents.entries.find((entry) => entry.id === news.agent);
    // A process can say anything of agents that live elsewhere.
    if (!entry || !this.#running.get(host)?.agents.has(entry.id)) return;
    entry.errors++;
    entry.lastError = news.message;
  }
}

/** Takes note of the versions that a host has loaded. */
function prove(entries: readonly AgentEntry[], failed: readonly FailedAgent[]): void {
  for (const entry of entries) {
    if (!failed.some(({ id }) => id === entry.id)) entry.isProven = true;
  }
}

export function isSubscriber({ manifest, state }: AgentEntry): boolean {
  return state === "loaded" && manifest !== undefined && manifest.subscriptions.length > 0;
}
