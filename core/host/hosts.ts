/**
 * The daemon's agents and how they are invoked. Agents with equal placement share a host. A host
 * starts on the first request to one of its agents, or at once if one of them subscribes to events.
 * Changes in the agents folder take effect without a restart.
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

/** A capability's input and output as JSON Schema. */
export interface Schemas {
  readonly inputSchema: JsonSchema;
  readonly outputSchema: JsonSchema;
}

export interface HostsOptions extends KeeperOptions {
  readonly agentsFolder: string;
  /** The folder for copies of agents, which serve when a newer version is broken. */
  readonly keptFolder: string;
  /** A host without requests for this long ends. */
  readonly idleMs?: number;
  /** Whether to pick up changes of the folder automatically. */
  readonly watch?: boolean;
  readonly cache?: ManifestCache;
  /** The configuration and grants that the operator sets for agents. */
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
    this.#keeper = new Keeper(
      { ...options, linksOut: () => this.#files.linksOut },
      this.#versions,
    );
  }

  get entries(): readonly AgentEntry[] {
    return this.#versions.entries;
  }

  /** Threads that stopped yielding; each burns a core until the daemon ends. */
  get wedgedThreads(): number {
    return this.#keeper.wedgedThreads;
  }

  entry(id: string): AgentEntry | undefined {
    return this.#versions.byId.get(id);
  }

  /** The address of the agent's host; undefined before its first use. */
  hostOf(entry: AgentEntry): string | undefined {
    return this.#keeper.hostOf(entry)?.address;
  }

  /** Problems of agents.yaml as it is now; meanwhile its last valid version is in force. */
  get settingsProblems(): readonly Problem[] {
    return this.#options.settings.problems;
  }

  /** The market sources that agents are configured to use, in order. */
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

  /** Reads the agents folder and starts the hosts of agents that subscribe to events. */
  async open(): Promise<void> {
    const { agentsFolder, watch, idleMs = idleMsDefault, log } = this.#options;
    await this.refresh();
    const lookEveryMs = Math.min(idleMs / 2, idleLookMsMax);
    this.#idleTimer = setInterval(() => this.#keeper.endIdle(idleMs), lookEveryMs);
    if (!watch) return;
    this.#watching = watchFolder(agentsFolder, this.#abort.signal, () => {
      this.refresh().catch((thrown) =>
        log.error("cannot refresh the agents folder", { reason: messageOf(thrown) })
      );
    });
  }

  /**
   * Loads what has changed in the agents folder, and `reload` even if it has not changed. New
   * requests go to the new version once it has loaded; open ones finish in the old one. If the new
   * version does not load, the old one keeps serving and its entry gives the reason.
   * @throws {AppError} `invalid_config` when the folder cannot be read.
   */
  async refresh(reload?: AgentEntry): Promise<void> {
    // One at a time, because each continues from the result of the one before.
    const mine = this.#refreshing.then(() => this.#refresh(reload?.file));
    this.#refreshing = mine.catch(() => undefined);
    await mine;
  }

  /** Starts the agent's host if needed. @throws {AppError} when the agent is not available. */
  async start(entry: AgentEntry, request?: IncomingRequest): Promise<Host> {
    const host = await this.#start(entry, request);
    if (host.agents.has(entry.id)) return host;
    // Its rights have changed, so it moves to another host, which a running refresh replaces by one
    // that includes it.
    const moving = this.#refreshing;
    await (request ? whileCallerWaits(moving, request) : moving);
    return await this.#start(entry, request);
  }

  async #start({ id }: AgentEntry, request?: IncomingRequest): Promise<Host> {
    for (;;) {
      // The agent may have a new version after the wait for its host.
      const entry = this.#versions.byId.get(id);
      if (!entry?.isServing) throw unavailable(id, entry);
      const room = this.#keeper.roomFor(entry);
      if (room) {
        await (request ? whileCallerWaits(room, request) : room);
        continue;
      }
      const host = this.#keeper.use(entry);
      if (!host.isReady) {
        await (request ? whileCallerWaits(host.ready, request) : host.ready);
        if (this.#versions.byId.get(id) !== entry) continue;
        if (!entry.isServing) throw unavailable(id, entry);
      }
      // The host may have been replaced during the wait.
      if (!host.hasEnded) return host;
    }
  }

  /**
   * Answers a request with the agent that has the capability.
   * @throws {AppError} the agent's error, or why it is not available.
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
      // A request its caller cancelled is not the agent's failure, and `lastError` describes the
      // agent in the present, not in the past.
      if (!signal.aborted && asOfMs === undefined) entry.noteError(messageOf(thrown));
      throw thrown;
    } finally {
      entry.end();
    }
  }

  /**
   * Invokes the agent as of an earlier instant.
   * @throws {AppError} `as_of_refused` for an agent with access to the network.
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
    // Counts as open from here on, so that a host making room for another waits for it.
    return await host.carry(entry.id, async () => {
      const failed = await whileCallerWaits(host.ready, request);
      const failure = failed.find(({ id }) => id === entry.id);
      if (!failure) return await ask(host);
      throw new AppError("agent_unavailable", `${cannot}: ${failure.error.message}`);
    });
  }

  /** Every capability that can be invoked, by address. */
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

  /** Sends a request to every running host; returns how many answered. */
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
      log.error("agents.yaml has problems; its last valid version stays in force", { reasons });
    }
    const change = await this.#versions.take(read, reload);
    if (!change) return;
    await this.#keeper.renew(change.entries, change.files);
    await this.#versions.prune();
    // A failed start is logged, and must not keep other hosts from starting.
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
