/**
 * The agents of a daemon, and the way to ask them. Agents of one placement share a host; a host
 * starts on the first request for one of its agents, or at once when one of them subscribes to
 * events. What changes in the agents folder takes effect without a restart.
 */

import type { IncomingRequest } from "../bus/bus.ts";
import { AppError, messageOf } from "../errors.ts";
import { whyNotAsOf, whyRefused } from "./manifest/admission.ts";
import type { AgentEntry } from "./agents/entry.ts";
import { AgentFiles, type ManifestCache, type ReadFile } from "./scan/agent_files.ts";
import { pingAddress } from "./control.ts";
import { findServing, makeEntries } from "./agents/directory.ts";
import type { OperatorSettings } from "./settings/operator_settings.ts";
import { type Host, whileCallerWaits } from "./keep/host.ts";
import { Keeper, type KeeperOptions } from "./keep/keeper.ts";
import { KeptVersions } from "./scan/kept_versions.ts";
import type { JsonSchema } from "./manifest/manifest.ts";
import type { Placement } from "./agents/placement.ts";
import { Versions } from "./agents/versions.ts";
import { watchFolder } from "./files/watch.ts";
import { type Problem, problemText } from "../yaml/problem.ts";

/** An agent that is a market source. */
export interface AgentSource {
  readonly id: string;
  readonly simulated: boolean;
}

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
  /** What agents are told and granted by the operator. */
  readonly settings: OperatorSettings;
}

const idleMsDefault = 5 * 60_000;
const idleLookMsMax = 30_000;

export class Hosts {
  readonly #options: HostsOptions;
  readonly #abort = new AbortController();
  readonly #files: AgentFiles;
  readonly #versions: Versions;
  readonly #keeper: Keeper;
  #refreshing: Promise<void> = Promise.resolve();
  #watching: Promise<void> | undefined;
  #idleTimer: ReturnType<typeof setInterval> | undefined;

  constructor(options: HostsOptions) {
    this.#options = options;
    const { agentsFolder: folder, keptFolder, readable, cache, log } = options;
    const { signal } = this.#abort;
    this.#files = new AgentFiles({ folder, readable, cache, signal });
    this.#versions = new Versions({
      kept: new KeptVersions(keptFolder),
      readable,
      toEntries: (read) => this.#toEntries(read),
      signal,
      log,
    });
    this.#keeper = new Keeper(options, this.#versions);
  }

  get entries(): readonly AgentEntry[] {
    return this.#versions.entries;
  }

  /** Threads that did not yield any more; they burn a core until the daemon ends. */
  get wedgedThreads(): number {
    return this.#keeper.wedgedThreads;
  }

  entry(id: string): AgentEntry | undefined {
    return this.#versions.byId.get(id);
  }

  /** The address of the host that the agent lives in now; undefined before its first use. */
  hostOf(entry: AgentEntry): string | undefined {
    return this.#keeper.hostOf(entry)?.address;
  }

  /** What is wrong with agents.yaml as it is now; what it said before is in force. */
  get settingsProblems(): readonly Problem[] {
    return this.#options.settings.problems;
  }

  /** The source agents that others are told to ask, in that order. */
  get sources(): readonly AgentSource[] {
    const fields = this.entries.flatMap(({ isServing, settled }) =>
      isServing ? settled?.fields ?? [] : []
    );
    const listed = fields.flatMap(({ lists, value }) => lists === "sources" ? value : []);
    return [...new Set(listed as string[])].map((id) => ({
      id,
      simulated: this.entry(id)?.manifest?.simulated ?? false,
    }));
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
   * Loads what has changed in the agents folder, and `reload` even if it has not. New requests go
   * to the new version once it has loaded; open ones end in the old one. A new version that does
   * not load leaves the old one serving, and its entry says why.
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
    const host = await this.#start(entry, request);
    if (host.agents.has(entry.id)) return host;
    // Its rights have changed, and it moves in with others: their host is being followed by one
    // that has it, too.
    const moving = this.#refreshing;
    await (request ? whileCallerWaits(moving, request) : moving);
    return await this.#start(entry, request);
  }

  async #start({ id }: AgentEntry, request?: IncomingRequest): Promise<Host> {
    for (;;) {
      // It may have become another version while its host was waited for.
      const entry = this.#versions.byId.get(id);
      if (!entry?.isServing) throw unavailable(id, entry);
      const host = this.#keeper.use(entry);
      if (!host.isReady) {
        await (request ? whileCallerWaits(host.ready, request) : host.ready);
        if (this.#versions.byId.get(id) !== entry) continue;
        if (!entry.isServing) throw unavailable(id, entry);
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
    const { address, input, caller, timeoutMs, asOfMs, signal } = request;
    const { entry } = findServing(this.#versions.byId, address);
    const askedAtMs = Date.now();
    entry.begin();
    try {
      const ask = (host: Host): Promise<string> => {
        const leftMs = Math.max(1, timeoutMs - (Date.now() - askedAtMs));
        const options = { timeoutMs: leftMs, signal, caller, asOfMs };
        return this.#options.bus.request(host.address, address, input, options);
      };
      if (asOfMs !== undefined) return await this.#askAt(entry, asOfMs, request, ask);
      const host = await this.start(entry, request);
      return await host.carry(entry.id, () => ask(host));
    } catch (thrown) {
      // A request that its caller cancelled is not the agent's failure; and errors are watched for
      // how the agent does now.
      if (!signal.aborted && asOfMs === undefined) entry.noteError(messageOf(thrown));
      throw thrown;
    } finally {
      entry.end();
    }
  }

  /**
   * Asks the agent as it is at an earlier instant.
   * @throws {AppError} `as_of_refused` for an agent that answers from the network.
   */
  async #askAt(
    entry: AgentEntry,
    asOfMs: number,
    request: IncomingRequest,
    ask: (host: Host) => Promise<string>,
  ): Promise<string> {
    const cannot = `Cannot invoke "${request.address}" as of ${new Date(asOfMs).toISOString()}`;
    const refusal = whyNotAsOf(entry.grants);
    if (refusal !== undefined) throw new AppError("as_of_refused", `${cannot}: ${refusal}`);
    const host = this.#keeper.useAt(entry, asOfMs);
    // Carried from here on: a host that makes room for another one ends when this has.
    return await host.carry(entry.id, async () => {
      const failed = await whileCallerWaits(host.ready, request);
      const failure = failed.find(({ id }) => id === entry.id);
      if (!failure) return await ask(host);
      throw new AppError("agent_unavailable", `${cannot}: ${failure.error.message}`);
    });
  }

  /** Every capability that can be asked for, by address. */
  capabilities(): ReadonlyMap<string, Schemas> {
    const usable = this.entries.flatMap(({ isServing, manifest }) =>
      isServing && manifest ? [manifest] : []
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
    const { settings, log } = this.#options;
    const read = await this.#files.look((file) => file.name === reload);
    const text = await settings.read();
    if (this.#abort.signal.aborted) return;
    if (settings.take(text, read) && settings.problems.length > 0) {
      const reasons = settings.problems.map(problemText);
      log.error("agents.yaml has problems; what was in force stays so", { reasons });
    }
    const change = await this.#versions.take(read, reload);
    if (!change) return;
    await this.#keeper.renew(change.entries, change.files);
    await this.#versions.prune();
    // Why one could not be started is logged; it must not keep the others from starting.
    const listening = this.entries.filter(({ isListening }) => isListening);
    await Promise.allSettled(listening.map((entry) => this.#start(entry)));
  }

  #toEntries(read: readonly ReadFile[]): AgentEntry[] {
    const { settings, secrets = {} } = this.#options;
    return makeEntries(
      read,
      settings,
      ({ grants }, manifest) => whyRefused(grants, manifest.secrets, secrets),
    );
  }
}

function unavailable(id: string, entry: AgentEntry | undefined): AppError {
  const found = entry ? `it is ${entry.status}: ${entry.reason}` : "its file is gone";
  return new AppError("agent_unavailable", `Cannot use agent "${id}": ${found}`);
}
