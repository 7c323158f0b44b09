/**
 * Manages hosts: opens one for a placement when it is first needed, replaces it by a newer one, and
 * reopens one that was lost.
 */

import { AppError, messageOf } from "../../errors.ts";
import type { Log } from "../../log.ts";
import type { AgentEntry } from "../agents/entry.ts";
import { type Agents, Blame } from "../agents/blame.ts";
import type { FailedAgent, HostNews } from "../control.ts";
import { Home, lossesMax } from "./home.ts";
import type { Host } from "./host.ts";
import { HostOpener, type HostOpenerOptions } from "./opener.ts";
import { PastHosts, pastIdleMs } from "./past.ts";
import {
  type IsolationSetting,
  keyOf,
  type Placement,
  placementAt,
  type PlacementKey,
  placementOf,
} from "../agents/placement.ts";

const hostsMaxDefault = 16;

export interface KeeperOptions extends HostOpenerOptions {
  readonly log: Log;
  /** Where agents live unless agents.yaml or their manifest says otherwise; `auto` by default. */
  readonly isolation?: IsolationSetting;
  /** Process hosts of the present alive at a time. */
  readonly hostsMax?: number;
}

export class Keeper {
  readonly #options: KeeperOptions;
  readonly #agents: Agents;
  readonly #blame: Blame;
  readonly #opener: HostOpener;
  readonly #homes = new Map<PlacementKey, Home>();
  readonly #past = new PastHosts();
  readonly #keys = new WeakMap<AgentEntry, { readonly isApart: boolean; readonly key: string }>();
  /** Every host that has not ended, by address. */
  readonly #running = new Map<string, Host>();
  /** Resolves, for each host, when its thread or process has ended. */
  readonly #ending = new Set<Promise<void>>();
  /** Called when a host is idle or has ended. */
  readonly #waitingForRoom: (() => void)[] = [];
  #wedgedThreads = 0;
  #isClosed = false;

  constructor(options: KeeperOptions, agents: Agents) {
    this.#options = options;
    this.#agents = agents;
    this.#blame = new Blame(agents, options.log);
    this.#opener = new HostOpener(options);
  }

  get running(): readonly Host[] {
    return [...this.#running.values()];
  }

  /** Threads that stopped yielding; each burns a core until the daemon ends. */
  get wedgedThreads(): number {
    return this.#wedgedThreads;
  }

  placementOf(entry: AgentEntry): Placement {
    return placementOf(entry, this.#options.isolation ?? "auto");
  }

  /** The agent's current host; undefined before its first use. */
  hostOf(entry: AgentEntry): Host | undefined {
    return this.#homes.get(this.#keyOf(entry))?.current;
  }

  /**
   * Makes room for the agent's host, if it needs a process and there are as many as may be: the
   * least recently used idle one ends. Resolves when one that is busy may have become idle.
   * Undefined when there is room.
   * @throws {AppError} `agent_unavailable` when none will ever be idle.
   */
  roomFor(entry: AgentEntry): Promise<void> | undefined {
    const { hostsMax = hostsMaxDefault } = this.#options;
    if (this.placementOf(entry).kind === "thread" || this.hostOf(entry)) return undefined;
    const homes = [...this.#homes.values()].filter(({ current }) => current?.kind === "process");
    if (homes.length < hostsMax) return undefined;
    // Those that subscribe to events would miss some.
    const others = homes.filter((home) => !this.#inhabitants(home).some((one) => one.isListening));
    if (others.length === 0) throw noRoom(entry.id, hostsMax);
    const idle = others.filter(({ current }) => current?.isIdleFor(0))
      .toSorted((a, b) => (a.current?.lastUsedAtMs ?? 0) - (b.current?.lastUsedAtMs ?? 0));
    if (idle[0]) {
      idle[0].endIfIdle(0);
      return undefined;
    }
    const { promise, resolve } = Promise.withResolvers<void>();
    this.#waitingForRoom.push(resolve);
    return promise;
  }

  /**
   * The agent's host, opened if needed; it may not be ready yet.
   * @throws {AppError} `agent_unavailable`, or `host_gone` too soon after a loss.
   */
  use(entry: AgentEntry): Host {
    const home = this.#homeOf(entry);
    return home.use(() => {
      const entries = this.#inhabitants(home);
      const host = this.#openIn(home);
      host.ready.then(
        (failed) => {
          // The next use opens a host with the previous versions.
          if (this.#blame.notLoaded(failed) && home.leave(host)) this.#retire(host);
        },
        (thrown) => {
          if (this.#isClosed) return;
          this.#blame.notUp(this.#suspects(home, entries), messageOf(thrown));
        },
      );
      return host;
    });
  }

  /**
   * The agent's host at an earlier instant, shared with the same agents as in the present. A
   * failure there says nothing about the agent in the present.
   * @throws {AppError} `agent_unavailable` when the host cannot be opened.
   */
  useAt(entry: AgentEntry, asOfMs: number): Host {
    const key = this.#keyOf(entry);
    return this.#past.use(key, asOfMs, () => {
      const placement = placementAt(this.placementOf(entry), asOfMs);
      return this.#open(placement, this.#sharing(key), (host, reason) => this.#drop(host, reason));
    });
  }

  /**
   * Replaces the running hosts of these agents, old and new versions, by hosts with the current
   * versions.
   */
  async renew(touched: readonly AgentEntry[], changed: ReadonlySet<string>): Promise<void> {
    if (touched.length > 0) this.#past.retire();
    const keys = new Set(touched.map((entry) => this.#keyOf(entry)));
    await Promise.all([...keys].map(async (key) => {
      const home = this.#homes.get(key);
      if (home) await this.#renewHome(key, home, changed);
    }));
  }

  /** Ends hosts that have had no requests for `ms` and no subscriptions. */
  endIdle(ms: number): void {
    for (const home of this.#homes.values()) {
      const host = home.current;
      if (!this.#inhabitants(home).some(({ isListening }) => isListening)) home.endIfIdle(ms);
      if (host?.hasEnded) this.#running.delete(host.address);
    }
    this.#past.endIdle(Math.min(ms, pastIdleMs));
  }

  /** Ends every host; resolves when their threads and processes have ended. */
  async close(): Promise<void> {
    this.#isClosed = true;
    this.#tryAgain();
    for (const host of this.#running.values()) host.close();
    this.#running.clear();
    this.#homes.clear();
    await Promise.all(this.#ending);
  }

  /** Cached, since every request needs it; it changes only when the agent is moved apart. */
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

  /** The agents that a host of this home would hold now. */
  #inhabitants(home: Home): AgentEntry[] {
    return this.#sharing(keyOf(home.placement));
  }

  #sharing(key: PlacementKey): AgentEntry[] {
    return this.#agents.entries.filter((entry) => entry.isServing && this.#keyOf(entry) === key);
  }

  async #renewHome(key: PlacementKey, home: Home, changed: ReadonlySet<string>): Promise<void> {
    home.forgive();
    const old = home.current;
    if (!old) return;
    // Every round but the last puts an older version back, and an agent has at most one.
    for (let isOver = false; !isOver;) {
      const entries = this.#inhabitants(home);
      if (entries.length === 0) {
        this.#homes.delete(key);
        this.#retire(old);
        return;
      }
      try {
        isOver = await home.renew(
          () => this.#openIn(home),
          (failed) => !this.#blame.notLoaded(failed),
        );
        if (isOver) this.#retire(old);
      } catch (thrown) {
        if (this.#isClosed) return;
        const suspects = this.#suspects(home, entries);
        const hasMoved = suspects.length < entries.length;
        const newer = suspects.filter(({ file }) => changed.has(file));
        isOver = !this.#blame.notUp(newer, messageOf(thrown)) && !hasMoved;
      }
    }
  }

  /** The agents that may have kept a host from starting: those moved apart for it, else all. */
  #suspects(home: Home, entries: readonly AgentEntry[]): readonly AgentEntry[] {
    const key = keyOf(home.placement);
    const moved = entries.filter((entry) => this.#keyOf(entry) !== key);
    return moved.length > 0 ? moved : entries;
  }

  #retire(host: Host): void {
    host.retire();
    if (host.hasEnded) this.#running.delete(host.address);
  }

  #openIn(home: Home): Host {
    const entries = this.#inhabitants(home);
    const onLost = (host: Host, reason: AppError): void => this.#lose(home, host, reason);
    try {
      const host = this.#open(home.placement, entries, onLost);
      host.ready.then((failed) => prove(entries, failed), () => undefined);
      return host;
    } catch (thrown) {
      if (!this.#isClosed) this.#blame.refuse(entries, messageOf(thrown));
      throw thrown;
    }
  }

  #open(
    placement: Placement,
    entries: readonly AgentEntry[],
    onLost: (host: Host, reason: AppError) => void,
  ): Host {
    if (this.#isClosed) {
      throw new AppError("host_gone", "Cannot start a host: the daemon is stopping");
    }
    const onNews = (host: Host, news: HostNews): void => this.#hear(host, news);
    const onIdle = (): void => this.#tryAgain();
    const host = this.#opener.open(placement, entries, { onNews, onLost, onIdle });
    this.#running.set(host.address, host);
    this.#ending.add(host.gone);
    void host.gone.then(() => {
      this.#running.delete(host.address);
      this.#ending.delete(host.gone);
      this.#tryAgain();
    });
    return host;
  }

  /** Lets those that wait for room look again. */
  #tryAgain(): void {
    for (const go of this.#waitingForRoom.splice(0)) go();
  }

  #lose(home: Home, host: Host, reason: AppError): void {
    const { loadingAgent } = host;
    home.lost(host);
    this.#drop(host, reason, home.losses > 1);
    if (loadingAgent !== undefined && host.agents.size > 1) this.#blame.moveApart([loadingAgent]);
    const inhabitants = this.#inhabitants(home);
    if (home.losses > lossesMax) {
      const why = `its host was lost ${home.losses} times: ${reason.message}`;
      this.#blame.fail(inhabitants, why);
    } else if (host.isReady && inhabitants.some(({ isListening }) => isListening)) {
      const [first] = inhabitants;
      // A host that never started is not retried here; the next request does that.
      if (first) void this.#reopen(first);
    }
  }

  /**
   * Drops a lost host. Agents that may have blocked its thread are moved apart: the busy ones; all
   * of them if that did not help before, since an agent may also loop in a timer.
   */
  #drop(host: Host, reason: AppError, isRepeated = false): void {
    const { bus, log } = this.#options;
    this.#running.delete(host.address);
    log.error("host is lost", { host: host.address, reason: reason.message });
    bus.drop(host.address, reason);
    for (const other of this.#running.values()) other.forget(host.address);
    if (reason.code !== "host_wedged" || host.kind !== "thread") return;
    this.#wedgedThreads++;
    this.#blame.moveApart(isRepeated ? [...host.agents] : host.busyAgents);
  }

  async #reopen(entry: AgentEntry): Promise<void> {
    try {
      await this.use(entry).ready;
    } catch (thrown) {
      const reason = messageOf(thrown);
      this.#options.log.warn("host could not be restarted yet", { agent: entry.id, reason });
    }
  }

  #hear(host: Host, news: HostNews): void {
    const { log } = this.#options;
    if (news.kind === "log") {
      const { asOf } = host;
      const where = { host: host.address, agent: news.agent, ...(asOf && { as_of: asOf }) };
      const fields = Object.keys(news.fields).length > 0 && { fields: news.fields };
      log[news.level](news.message, { ...where, ...fields });
      return;
    }
    log.error("agent fault", { host: host.address, agent: news.agent, reason: news.message });
    const entry = this.#agents.entries.find(({ id }) => id === news.agent);
    if (!entry || !this.#running.has(host.address)) return;
    if (host.asOf !== undefined) return;
    entry.noteError(news.message);
  }
}

function noRoom(id: string, hostsMax: number): AppError {
  return new AppError(
    "agent_unavailable",
    `Cannot start a host for agent "${id}": ${hostsMax} hosts run, and all of them hear events; ` +
      `raise AC100_HOSTS_MAX`,
  );
}

/** Marks the versions that a host has loaded. */
function prove(entries: readonly AgentEntry[], failed: readonly FailedAgent[]): void {
  for (const entry of entries) {
    if (!failed.some(({ id }) => id === entry.id)) entry.isProven = true;
  }
}
