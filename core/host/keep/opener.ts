/** Opens hosts: collects what a host needs for a placement and its agents. */

import type { Bus } from "../../bus/bus.ts";
import type { Hub } from "../../bus/hub.ts";
import type { AppError } from "../../errors.ts";
import type { AgentEntry } from "../agents/entry.ts";
import type { AgentToLoad, HostNews } from "../control.ts";
import { Host } from "./host.ts";
import type { Placement } from "../agents/placement.ts";
import { openProcess } from "../vessel/process_vessel.ts";
import { openThread } from "../vessel/thread_vessel.ts";
import { toFileUrl } from "../url.ts";

export interface HostOpenerOptions {
  /** Folders besides the agents folder that agents' imports may read. */
  readonly readable: readonly string[];
  /** Links in the agents folder that leave it, now. */
  readonly linksOut?: () => readonly string[];
  readonly bus: Bus;
  readonly hub: Hub;
  /** Name of the channel between the daemon's threads. */
  readonly channel: string;
  readonly daemon: string;
  /** Silence after which a host counts as lost. */
  readonly watchdogMs: number;
  /** How long an agent may hold its thread before its first await. */
  readonly budgetMs?: number;
  readonly startMsMax?: number;
  /** Heap of a process host, in MB. */
  readonly heapMb?: number;
  /** Every secret, by name. */
  readonly secrets?: Readonly<Record<string, string>>;
}

export interface HostEvents {
  readonly onNews: (host: Host, news: HostNews) => void;
  readonly onLost: (host: Host, reason: AppError) => void;
  /** Called when its last open request has ended. */
  readonly onIdle: () => void;
}

const budgetMsDefault = 1_000;
const heapMbDefault = 256;

export class HostOpener {
  readonly #options: HostOpenerOptions;
  #count = 0;

  constructor(options: HostOpenerOptions) {
    this.#options = options;
  }

  /** @throws {AppError} `agent_unavailable` when the daemon itself lacks a permission. */
  open(
    { grants, secrets, kind, asOfMs }: Placement,
    entries: readonly AgentEntry[],
    { onNews, onLost, onIdle }: HostEvents,
  ): Host {
    const { hub, heapMb = heapMbDefault, budgetMs = budgetMsDefault } = this.#options;
    const { bus, channel, daemon, watchdogMs, startMsMax } = this.#options;
    const address = `host-${++this.#count}`;
    const agents = new Set(entries.map(({ id }) => id));
    const hearsEvents = entries.some(({ isListening }) => isListening);
    const folders = entries.map(({ path, file }) => path.slice(0, path.length - file.length));
    const readable = [...new Set(folders), ...this.#options.readable];
    const host: Host = new Host({
      address,
      bus,
      channel: asOfMs === null ? channel : null,
      daemon,
      asOfMs,
      watchdogMs,
      budgetMs,
      ...(startMsMax === undefined ? {} : { startMsMax }),
      agents: entries.flatMap((entry) => this.#toLoad(entry, secrets)),
      openVessel: (events) => {
        const linksOut = this.#options.linksOut?.() ?? [];
        const own = { address, asOfMs, grants, agents, hearsEvents, readable, linksOut };
        const options = { ...own, hub, daemon, ...events };
        return kind === "thread" ? openThread(options) : openProcess({ ...options, heapMb });
      },
      onNews: (news) => onNews(host, news),
      onLost: (reason) => onLost(host, reason),
      onIdle,
    });
    return host;
  }

  #toLoad(entry: AgentEntry, names: readonly string[]): AgentToLoad[] {
    const { manifest, file, path, settled } = entry;
    if (!manifest) return [];
    const { secrets: all = {} } = this.#options;
    const secrets = Object.fromEntries(names.map((name) => [name, all[name] ?? ""]));
    return [{ file, url: toFileUrl(path), manifest, settings: settled?.values ?? {}, secrets }];
  }
}
