/**
 * The agents of a daemon, and the way to ask them. Agents of one placement share a host; a host
 * starts on the first request for one of its agents, or at once when one of them subscribes to
 * events. What changes in the agents folder takes effect without a restart.
 */

import type { IncomingRequest } from "../bus/bus.ts";
import { AppError, messageOf } from "../errors.ts";
import { whyRefused } from "./admission.ts";
import { AgentFiles, type ManifestCache, type ReadFile } from "./agent_files.ts";
import { pingAddress } from "./control.ts";
import { type AgentEntry, findServing, makeEntries } from "./directory.ts";
import { type Host, whileCallerWaits } from "./host.ts";
import { isSubscriber, Keeper, type KeeperOptions } from "./keeper.ts";
import type { Grants, JsonSchema, Manifest } from "./manifest.ts";
import type { Placement } from "./placement.ts";
import { watchFolder } from "./watch.ts";

export interface HostsOptions extends KeeperOptions {
  readonly agentsFolder: string;
  /** Hosts that nothing is asked of for as long end. */
  readonly idleMs?: number;
  /** Take up changes of the folder by itself. */
  readonly watch?: boolean;
  readonly cache?: ManifestCache;
  /** What an agent is granted. */
  readonly grantsOf: (manifest: Manifest) => Grants;
}

const idleMsDefault = 5 * 60_000;
const idleLookMsMax = 30_000;

export class Hosts {
  readonly #options: HostsOptions;
  readonly #abort = new AbortController();
  readonly #files: AgentFiles;
  readonly #keeper: Keeper;
  #entries: ReadonlyMap<string, AgentEntry> = new Map();
  #hashes: ReadonlyMap<string, string> = new Map();
  #refreshing: Promise<void> = Promise.resolve();
  #watching: Promise<void> | undefined;
  #idleTimer: ReturnType<typeof setInterval> | undefined;

  constructor(options: HostsOptions) {
    this.#options = options;
    this.#keeper = new Keeper(options, () => this.entries);
    const { agentsFolder: folder, readable, cache } = options;
    this.#files = new AgentFiles({ folder, readable, cache, signal: this.#abort.signal });
  }

  get entries(): readonly AgentEntry[] {
    return [...this.#entries.values()];
  }

  /** Threads that did not yield any more; they burn a core until the daemon ends. */
  get wedgedThreads(): number {
    return this.#keeper.wedgedThreads;
  }

  entry(id: string): AgentEntry | undefined {
    return this.#entries.get(id);
  }

  /** The address of the host that the agent lives in now; undefined before its first use. */
  hostOf(entry: AgentEntry): string | undefined {
    return this.#keeper.hostOf(entry)?.address;
  }

  isolationOf(entry: AgentEntry): Placement["kind"] {
    return this.#keeper.placementOf(entry).kind;
  }

  /** Reads the agents folder and starts the hosts of those that wait for events. */
  async open(): Promise<void> {
    const { agentsFolder, watch, idleMs = idleMsDefault, log } = this.#options;
    await this.refresh();
    const lookEveryMs = Math.min(idleMs / 2, idleLookMsMax);
    this.#idleTimer = setInterval(() => this.#keeper.endIdle(idleMs), lookEveryMs);
    if (!watch) return;
    this.#watching = watchFolder(agentsFolder, this.#abort.signal, () => {
      this.refresh().catch((thrown) =>
        log.error("cannot take up the agents folder", { reason: messageOf(thrown) })
      );
    });
  }

  /**
   * Takes up what has changed in the agents folder, and `reload` even if it has not. New requests
   * go to the new version once it has loaded; what is open ends in the old one. A new version that
   * does not load leaves the old one serving and says why.
   * @throws {AppError} `invalid_config` when the folder can't be read.
   */
  async refresh(reload?: AgentEntry): Promise<void> {
    // One at a time: each works on what the one before it has left.
    const mine = this.#refreshing.then(() => this.#refresh(reload?.file));
    this.#refreshing = mine.catch(() => undefined);
    await mine;
  }

  /** Starts the host of an agent, if need be. @throws {AppError} when it can't be had. */
  async start(entry: AgentEntry, request?: IncomingRequest): Promise<Host> {
    for (;;) {
      if (entry.state !== "loaded") throw unavailable(entry);
      const host = this.#keeper.use(entry);
      if (!host.isReady) {
        await (request ? whileCallerWaits(host.ready, request) : host.ready);
        if (entry.state !== "loaded") throw unavailable(entry);
      }
      // It may have been replaced while it was waited for.
      if (!host.hasEnded) return host;
    }
  }

  /**
   * Answers a request with the agent that has the capability.
   * @throws {AppError} what the agent failed with, or why it can't be asked.
   */
  async invoke(request: IncomingRequest): Promise<string> {
    const { address, input, caller, timeoutMs, signal } = request;
    const { entry } = findServing(this.#entries, address);
    const askedAtMs = Date.now();
    entry.open++;
    try {
      const host = await this.start(entry, request);
      const leftMs = Math.max(1, timeoutMs - (Date.now() - askedAtMs));
      const options = { timeoutMs: leftMs, signal, caller };
      const { bus } = this.#options;
      return await host.carry(
        entry.id,
        () => bus.request(host.address, address, input, options),
      );
    } catch (thrown) {
      entry.errors++;
      entry.lastError = messageOf(thrown);
      throw thrown;
    } finally {
      entry.open--;
      entry.messages++;
    }
  }

  /** Every capability that can be asked for, by address, with the JSON Schema of its input. */
  capabilities(): ReadonlyMap<string, { readonly inputSchema: JsonSchema }> {
    const usable = this.entries.flatMap(({ state, manifest }) =>
      state === "loaded" && manifest ? [manifest] : []
    );
    return new Map(
      usable.flatMap(({ id, capabilities }) =>
        capabilities.map(({ name, input }) => [`${id}.${name}`, { inputSchema: input }] as const)
      ),
    );
  }

  /** Sends a request there and back to every host that runs; gives how many answered. */
  async ping(timeoutMs: number): Promise<number> {
    const { running } = this.#keeper;
    await Promise.all(running.map(async (host) => {
      await host.ready;
      await this.#options.bus.request(host.address, pingAddress, "null", { timeoutMs });
    }));
    return running.length;
  }

  async close(): Promise<void> {
    this.#abort.abort();
    clearInterval(this.#idleTimer);
    await this.#keeper.close();
    await this.#watching;
    await this.#refreshing;
  }

  async #refresh(reload: string | undefined): Promise<void> {
    const read = await this.#files.look((file) => file.name === reload);
    if (this.#abort.signal.aborted) return;
    const before = this.entries;
    const changed = changedFiles(read, this.#hashes, reload);
    const entries = this.#newEntries(read, changed);
    this.#hashes = new Map(read.map(({ result, hash }) => [result.file.name, hash]));
    this.#entries = new Map(entries.map((entry) => [entry.id, entry]));
    for (const { id, file, state, reason } of entries) {
      if (!changed.has(file) || state === "loaded") continue;
      this.#options.log.error("agent is not available", { agent: id, reason });
    }
    const touched = [...before, ...entries].filter(({ file }) => changed.has(file));
    await this.#keeper.renew(touched, changed);
    // Why one could not be started is logged; it must not keep the others from starting.
    await Promise.allSettled(entries.filter(isSubscriber).map((entry) => this.start(entry)));
  }

  /** An entry for each file; what has not changed, or serves on as it was, keeps its own. */
  #newEntries(read: readonly ReadFile[], changed: ReadonlySet<string>): AgentEntry[] {
    const { grantsOf, secrets = {} } = this.#options;
    const before = new Map(this.entries.map((entry) => [entry.file, entry]));
    const results = read.map(({ result }) => result);
    return makeEntries(
      results,
      grantsOf,
      (grants, manifest) => whyRefused(grants, manifest.secrets, secrets),
    ).map((next) => {
      const old = before.get(next.file);
      if (!old) return next;
      if (!changed.has(next.file)) return old;
      const serves = old.state === "loaded" && next.state !== "loaded";
      if (serves && this.#keeper.pin(old, next.reason ?? "its new version does not load")) {
        return old;
      }
      this.#keeper.unpin(old.id);
      const { messages, errors, lastError } = old;
      return next.id === old.id ? Object.assign(next, { messages, errors, lastError }) : next;
    });
  }
}

/** Names of files that are new, other than they were, gone, or to be taken as changed. */
function changedFiles(
  read: readonly ReadFile[],
  hashes: ReadonlyMap<string, string>,
  reload: string | undefined,
): ReadonlySet<string> {
  const now = new Map(read.map(({ result, hash }) => [result.file.name, hash]));
  const names = [...new Set([...now.keys(), ...hashes.keys()])];
  return new Set(names.filter((name) => name === reload || now.get(name) !== hashes.get(name)));
}

function unavailable({ id, state, reason }: AgentEntry): AppError {
  return new AppError(
    "agent_unavailable",
    `Cannot use agent "${id}": it is ${state}: ${reason}`,
  );
}
