/**
 * The agents of a daemon and the hosts they live in. Agents of equal permissions share a host; a
 * host starts on the first request for one of its agents, or at once when one of them subscribes
 * to events. A host that is lost fails its open requests and starts anew in the same way.
 */

import { abortError, type Bus, deadlineExceeded, type IncomingRequest } from "../bus/bus.ts";
import { AppError, messageOf } from "../errors.ts";
import type { Log } from "../log.ts";
import { type AgentToLoad, type HostReport, pingAddress } from "./control.ts";
import { type AgentEntry, findServing, makeEntries } from "./directory.ts";
import { findAgentFiles } from "./find.ts";
import { WorkerHost } from "./host.ts";
import type { Grants, JsonSchema, Manifest } from "./manifest.ts";
import { scanAgents } from "./scan.ts";
import { toFileUrl } from "./url.ts";

export interface HostsOptions {
  readonly agentsFolder: string;
  /** Folders that agents' imports may read beside the agents folder. */
  readonly readable: readonly string[];
  readonly bus: Bus;
  readonly channel: string;
  readonly daemon: string;
  readonly watchdogMs: number;
  /** How long a host may take to load its agents. */
  readonly startMsMax?: number;
  readonly log: Log;
  /** Values for an agent's `config` schema. */
  readonly settingsOf: (id: string) => Readonly<Record<string, unknown>>;
  /** What an agent is granted. */
  readonly grantsOf: (manifest: Manifest) => Grants;
}

/** Hosts started in one daemon's life before it is believed to be in a loop of restarts. */
const hostsStartedMax = 10_000;

export class Hosts {
  readonly #options: HostsOptions;
  readonly #abort = new AbortController();
  readonly #hosts = new Map<string, WorkerHost>();
  #entries: ReadonlyMap<string, AgentEntry> = new Map();
  #hostsStarted = 0;

  constructor(options: HostsOptions) {
    this.#options = options;
  }

  get entries(): readonly AgentEntry[] {
    return [...this.#entries.values()];
  }

  entry(id: string): AgentEntry | undefined {
    return this.#entries.get(id);
  }

  /** The address of the host that the agent lives in now; undefined before its first use. */
  hostOf(entry: AgentEntry): string | undefined {
    return this.#hosts.get(hostKey(entry.grants))?.address;
  }

  /** Finds and scans the agents, and starts the hosts of those that wait for events. */
  async open(): Promise<void> {
    const { agentsFolder, readable, grantsOf, log } = this.#options;
    const files = await findAgentFiles(agentsFolder);
    const folder = await Deno.realPath(agentsFolder);
    const results = await scanAgents(files, {
      readable: [folder, ...readable],
      signal: this.#abort.signal,
    });
    const entries = makeEntries(results, grantsOf);
    this.#entries = new Map(entries.map((entry) => [entry.id, entry]));
    for (const { id, state, reason } of entries) {
      if (state !== "loaded") log.error("agent is not available", { agent: id, reason });
    }
    const subscribers = entries.filter(isSubscriber);
    // Why one could not be started is logged; it must not keep the others from starting.
    await Promise.allSettled(subscribers.map((entry) => this.start(entry)));
  }

  /** Starts the host of an agent, if need be. @throws {AppError} when it can't be had. */
  async start(entry: AgentEntry, request?: IncomingRequest): Promise<WorkerHost> {
    const host = this.#host(hostKey(entry.grants));
    if (!host.isReady) await (request ? whileCallerWaits(host.ready, request) : host.ready);
    if (entry.state === "loaded") return host;
    throw new AppError(
      "agent_unavailable",
      `Cannot use agent "${entry.id}": it is ${entry.state}: ${entry.reason}`,
    );
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
      return await this.#options.bus.request(host.address, address, input, options);
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
    const hosts = [...this.#hosts.values()];
    await Promise.all(hosts.map(async (host) => {
      await host.ready;
      await this.#options.bus.request(host.address, pingAddress, "null", { timeoutMs });
    }));
    return hosts.length;
  }

  close(): void {
    this.#abort.abort();
    for (const host of this.#hosts.values()) host.close();
    this.#hosts.clear();
  }

  #host(key: string): WorkerHost {
    const running = this.#hosts.get(key);
    if (running) return running;
    const entries = this.entries.filter((entry) =>
      entry.state === "loaded" && hostKey(entry.grants) === key
    );
    if (this.#abort.signal.aborted) {
      throw new AppError("host_gone", "Cannot start a host: the daemon is stopping");
    }
    if (this.#hostsStarted >= hostsStartedMax) {
      throw new AppError("overloaded", `Cannot start a host: ${hostsStartedMax} were started`);
    }
    const host = this.#spawn(key, entries);
    this.#hosts.set(key, host);
    return host;
  }

  #spawn(key: string, entries: readonly AgentEntry[]): WorkerHost {
    const { channel, daemon, readable, watchdogMs, startMsMax, log } = this.#options;
    const address = `host-${++this.#hostsStarted}`;
    const agents = entries.flatMap((entry) => this.#toLoad(entry));
    const paths = entries.map(({ path, file }) => path.slice(0, path.length - file.length));
    try {
      const host = new WorkerHost({
        address,
        channel,
        daemon,
        agents,
        watchdogMs,
        ...(startMsMax === undefined ? {} : { startMsMax }),
        grants: JSON.parse(key) as Grants,
        readable: [...new Set(paths), ...readable],
        onReport: (report) => this.#hear(address, report),
        onLost: (reason) => this.#lose(key, host, reason),
      });
      host.ready.then(
        (failed) => failed.forEach(({ id, error }) => this.#fail(id, "failed", error.message)),
        (thrown) => log.error("host did not start", { host: address, reason: messageOf(thrown) }),
      );
      return host;
    } catch (thrown) {
      for (const { id } of entries) this.#fail(id, "refused", messageOf(thrown));
      throw thrown;
    }
  }

  #toLoad({ manifest, file, path }: AgentEntry): AgentToLoad[] {
    if (!manifest) return [];
    const settings = this.#options.settingsOf(manifest.id);
    return [{ file, url: toFileUrl(path), manifest, settings }];
  }

  #fail(id: string, state: "failed" | "refused", reason: string): void {
    const entry = this.#entries.get(id);
    if (!entry) return;
    entry.state = state;
    entry.reason = reason;
    this.#options.log.error("agent is not available", { agent: id, reason });
  }

  #lose(key: string, { address, isReady }: WorkerHost, reason: AppError): void {
    this.#hosts.delete(key);
    this.#options.log.error("host is lost", { host: address, reason: reason.message });
    this.#options.bus.drop(address, reason);
    for (const host of this.#hosts.values()) host.forget(address);
    const subscriber = this.entries.find((entry) =>
      entry.state === "loaded" && hostKey(entry.grants) === key && isSubscriber(entry)
    );
    // One that never came up would not do so now; the next request tries.
    if (isReady && subscriber) this.start(subscriber).catch(() => undefined); // logged by #spawn
  }

  #hear(host: string, report: HostReport & { kind: "fault" | "log" }): void {
    const { log } = this.#options;
    if (report.kind === "log") {
      log[report.level](report.message, { host, agent: report.agent, ...report.fields });
      return;
    }
    log.error("agent fault", { host, agent: report.agent, reason: report.message });
    const entry = report.agent === null ? undefined : this.#entries.get(report.agent);
    if (!entry) return;
    entry.errors++;
    entry.lastError = report.message;
  }
}

function isSubscriber({ manifest }: AgentEntry): boolean {
  return manifest !== undefined && manifest.subscriptions.length > 0;
}

/** Waits for a host no longer than the request's caller does. */
async function whileCallerWaits<Value>(
  start: Promise<Value>,
  { address, timeoutMs, signal }: IncomingRequest,
): Promise<Value> {
  const { promise: givenUp, reject } = Promise.withResolvers<never>();
  const timer = setTimeout(() => reject(deadlineExceeded(address, timeoutMs)), timeoutMs);
  const onAbort = (): void => reject(abortError(signal, address));
  signal.addEventListener("abort", onAbort, { once: true });
  if (signal.aborted) onAbort();
  try {
    return await Promise.race([start, givenUp]);
  } finally {
    clearTimeout(timer);
    signal.removeEventListener("abort", onAbort);
  }
}

/** What agents of one host have in common. */
function hostKey(grants: Grants): string {
  return JSON.stringify(grants);
}
