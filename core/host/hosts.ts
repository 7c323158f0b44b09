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
import { KeptVersions } from "./kept_versions.ts";
import type { Grants, JsonSchema, Manifest } from "./manifest.ts";
import type { Placement } from "./placement.ts";
import { watchFolder } from "./watch.ts";

/** What a capability takes and gives, as JSON Schema. */
export interface Schemas {
  readonly inputSchema: JsonSchema;
  readonly outputSchema: JsonSchema;
}

export interface HostsOptions extends KeeperOptions {
  readonly agentsFolder: string;
  /** Where copies of agents are kept, to go back to. */
  readonly keptFolder: string;
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
  readonly #kept: KeptVersions;
  /** By file: the version before the one that serves, until a newer one has proved itself. */
  readonly #before = new Map<string, AgentEntry>();
  #entries: Map<string, AgentEntry> = new Map();
  #hashes: ReadonlyMap<string, string> = new Map();
  #hasLooked = false;
  #refreshing: Promise<void> = Promise.resolve();
  #watching: Promise<void> | undefined;
  #idleTimer: ReturnType<typeof setInterval> | undefined;

  constructor(options: HostsOptions) {
    this.#options = options;
    this.#keeper = new Keeper(options, this);
    this.#kept = new KeptVersions(options.keptFolder);
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
  async start({ id }: AgentEntry, request?: IncomingRequest): Promise<Host> {
    for (;;) {
      // It may have become another version while its host was waited for.
      const entry = this.#entries.get(id);
      if (entry?.state !== "loaded") throw unavailable(id, entry);
      const host = this.#keeper.use(entry);
      if (!host.isReady) {
        await (request ? whileCallerWaits(host.ready, request) : host.ready);
        if (this.#entries.get(id) !== entry) continue;
        if (entry.state !== "loaded") throw unavailable(id, entry);
      }
      // It may have been replaced while it was waited for.
      if (!host.hasEnded) return host;
    }
  }

  /** Puts the version before this one in its place; false where there is none. */
  goBack(entry: AgentEntry, reason: string): boolean {
    const before = this.#before.get(entry.file);
    this.#before.delete(entry.file);
    if (!before || entry.isProven || this.#entries.get(entry.id) !== entry) return false;
    this.#entries.delete(entry.id);
    if (this.#entries.has(before.id)) {
      this.#entries.set(entry.id, entry);
      return false;
    }
    this.#entries.set(before.id, before);
    this.#serveOn(before, reason);
    return true;
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
      // Whom its caller has left has not failed.
      if (signal.aborted) throw thrown;
      entry.errors++;
      entry.lastError = messageOf(thrown);
      throw thrown;
    } finally {
      entry.open--;
      entry.messages++;
    }
  }

  /** Every capability that can be asked for, by address. */
  capabilities(): ReadonlyMap<string, Schemas> {
    const usable = this.entries.flatMap(({ state, manifest }) =>
      state === "loaded" && manifest ? [manifest] : []
    );
    return new Map(
      usable.flatMap(({ id, capabilities }) =>
        capabilities.map(({ name, input, output }) =>
          [`${id}.${name}`, { inputSchema: input, outputSchema: output }] as const
        )
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
    // The first look finds what an earlier daemon has left to go back to.
    const before = this.#hasLooked ? this.entries : await this.#recall(read);
    if (this.#abort.signal.aborted) return;
    this.#hasLooked = true;
    const changed = changedFiles(read, this.#hashes, reload);
    const entries = this.#newEntries(read, before, changed);
    const loaded = entries.filter(isLoaded);
    await this.#keep(read, new Set(loaded.map(({ hash }) => hash)));
    if (this.#abort.signal.aborted) return;
    this.#hashes = new Map(read.map(({ result, hash }) => [result.file.name, hash]));
    this.#entries = new Map(entries.map((entry) => [entry.id, entry]));
    for (const { id, file, state, reason } of entries) {
      if (!changed.has(file) || state === "loaded") continue;
      this.#options.log.error("agent is not available", { agent: id, reason });
    }
    const touched = [...before, ...entries].filter(({ file }) => changed.has(file));
    await this.#keeper.renew(touched, changed);
    await this.#forget();
    // Why one could not be started is logged; it must not keep the others from starting.
    await Promise.allSettled(entries.filter(isSubscriber).map((entry) => this.start(entry)));
  }

  async #recall(read: readonly ReadFile[]): Promise<readonly AgentEntry[]> {
    try {
      const { readable } = this.#options;
      return this.#toEntries(await this.#kept.recall(read, readable, this.#abort.signal));
    } catch (thrown) {
      if (!this.#abort.signal.aborted) {
        this.#options.log.error("cannot recall copies of agents", { reason: messageOf(thrown) });
      }
      return [];
    }
  }

  #toEntries(read: readonly ReadFile[]): AgentEntry[] {
    const { grantsOf, secrets = {} } = this.#options;
    return makeEntries(
      read,
      grantsOf,
      (grants, manifest) => whyRefused(grants, manifest.secrets, secrets),
    );
  }

  /** An entry for each file; what has not changed, or serves on as it was, keeps its own. */
  #newEntries(
    read: readonly ReadFile[],
    earlier: readonly AgentEntry[],
    changed: ReadonlySet<string>,
  ): AgentEntry[] {
    const before = new Map(earlier.map((entry) => [entry.file, entry]));
    for (const file of this.#before.keys()) if (!before.has(file)) this.#before.delete(file);
    const places = new Map(read.map(({ result }, place) => [result.file.name, place]));
    const entries = this.#toEntries(ownersFirst(read, before))
      .toSorted((a, b) => (places.get(a.file) ?? 0) - (places.get(b.file) ?? 0));
    const taken = new Set(entries.filter(isLoaded).map(({ id }) => id));
    return entries.map((next) => {
      const old = before.get(next.file);
      if (!old) return next;
      if (!changed.has(next.file)) {
        // Another file may have taken over its id, or have let go of the one that it claims.
        const isTaken = next.manifest === undefined && taken.has(old.id);
        return old.manifest === undefined || isTaken ? next : old;
      }
      if (old.state === "loaded") {
        if (next.state !== "loaded") {
          // Another file may have taken over its id.
          if (taken.has(old.id)) return next;
          this.#serveOn(old, next.reason ?? "its new version does not load");
          return old;
        }
        // One that no host has tried is no better to go back to than the one before it.
        if (old.isProven || !this.#before.has(old.file)) this.#before.set(old.file, old);
      }
      const { messages, errors, lastError } = old;
      return next.id === old.id ? Object.assign(next, { messages, errors, lastError }) : next;
    });
  }

  /** From now on it is loaded from its copy: its file is another one, which is broken. */
  #serveOn(entry: AgentEntry, reason: string): void {
    entry.path = this.#kept.pathOf(entry.hash, entry.file);
    entry.reason = reason;
    this.#options.log.error("an agent's new version does not load", { agent: entry.id, reason });
  }

  /** Keeps copies of what may have to be gone back to. */
  async #keep(read: readonly ReadFile[], hashes: ReadonlySet<string>): Promise<void> {
    try {
      for (const { hash, content } of read) if (hashes.has(hash)) await this.#kept.keep(content);
    } catch (thrown) {
      this.#options.log.error("cannot keep copies of agents", { reason: messageOf(thrown) });
    }
  }

  /** Forgets the copies of all but the versions that serve, and those before them. */
  async #forget(): Promise<void> {
    const entries = this.entries;
    for (const { file, isProven } of entries) if (isProven) this.#before.delete(file);
    const inUse = [...entries, ...this.#before.values()];
    try {
      await this.#kept.prune(new Set(inUse.map(({ hash }) => hash)));
    } catch (thrown) {
      this.#options.log.error("cannot forget copies of agents", { reason: messageOf(thrown) });
    }
  }
}

function isLoaded({ state }: AgentEntry): boolean {
  return state === "loaded";
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

function unavailable(id: string, entry: AgentEntry | undefined): AppError {
  const found = entry ? `it is ${entry.state}: ${entry.reason}` : "its file is gone";
  return new AppError("agent_unavailable", `Cannot use agent "${id}": ${found}`);
}

/** Files that have an id already before those that claim it anew: a copy takes it from nobody. */
function ownersFirst(
  read: readonly ReadFile[],
  before: ReadonlyMap<string, AgentEntry>,
): readonly ReadFile[] {
  const isOwner = ({ result }: ReadFile): boolean =>
    "manifest" in result && before.get(result.file.name)?.manifest?.id === result.manifest.id;
  return [...read.filter(isOwner), ...read.filter((file) => !isOwner(file))];
}
