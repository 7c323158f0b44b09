/**
 * One host in a thread or process: it starts once, answers heartbeats, carries requests, and ends
 * once. A host that ends by itself or stops answering heartbeats is lost, and its owner is given
 * the reason.
 */

import type { Bus, IncomingRequest } from "../../bus/bus.ts";
import { abortError, deadlineExceeded } from "../../bus/failures.ts";
import { AppError } from "../../errors.ts";
import type { AgentToLoad, FailedAgent, HostCommand, HostNews, HostReport } from "../control.ts";
import { NewsGate } from "../news_gate.ts";
import { reportReader } from "../reports.ts";
import type { Vessel, VesselOptions } from "../vessel/vessel.ts";

const beatEveryMsMax = 1_000;
/** An idle host is asked at every tenth beat. */
const idleBeatEvery = 10;
const startMsDefault = 15_000;

export interface HostOptions {
  readonly address: string;
  /**
   * Name of the channel that threads share; null when frames come over a port of the host's own.
   */
  readonly channel: string | null;
  readonly daemon: string;
  readonly bus: Bus;
  readonly agents: readonly AgentToLoad[];
  /** The instant at which the host lives; null for the present. */
  readonly asOfMs: number | null;
  readonly watchdogMs: number;
  readonly budgetMs: number;
  /** How long it may take to load its agents. */
  readonly startMsMax?: number;
  /** Starts its thread or process. */
  readonly openVessel: (events: Pick<VesselOptions, "onReport" | "onPrinted" | "onEnd">) => Vessel;
  readonly onNews: (news: HostNews) => void;
  readonly onLost: (reason: AppError) => void;
  /** Called when its last open request has ended. */
  readonly onIdle: () => void;
}

export class Host {
  readonly address: string;
  /** Resolves when the agents are loaded; rejects when the host did not start. */
  readonly ready: Promise<readonly FailedAgent[]>;
  /** Resolves when its thread or process has ended. */
  readonly gone: Promise<void>;
  readonly startedAtMs = Date.now();
  /** Ids of the agents that live in it. */
  readonly agents: ReadonlySet<string>;
  readonly #options: HostOptions;
  readonly #vessel: Vessel;
  readonly #readReport: (value: unknown) => HostReport | undefined;
  readonly #news: NewsGate;
  readonly #beatEveryMs: number;
  readonly #openByAgent = new Map<string, number>();
  /** For each agent, in order, the event handlers that run; stays 0 in a process. */
  readonly #handlers: Int32Array<SharedArrayBuffer>;
  #open = 0;
  #isReady = false;
  #loading: string | undefined;
  #settle: (settle: () => void) => void = (settle) => settle();
  #rejectReady: (error: AppError) => void = () => undefined;
  #beats: ReturnType<typeof setInterval> | undefined;
  #beatsUnanswered = 0;
  #restedBeats = 0;
  #lastUsedAtMs = Date.now();
  #retiring = false;
  #ended = false;
  #resolveGone: () => void = () => undefined;

  /** @throws {AppError} `agent_unavailable` when the daemon itself lacks a permission. */
  constructor(options: HostOptions) {
    const { address, bus, channel, daemon, agents, asOfMs, budgetMs, watchdogMs } = options;
    this.address = address;
    this.agents = new Set(agents.map(({ manifest }) => manifest.id));
    this.#options = options;
    this.#handlers = new Int32Array(new SharedArrayBuffer(4 * agents.length));
    this.#beatEveryMs = Math.min(beatEveryMsMax, watchdogMs / 4);
    this.#readReport = reportReader(this.agents);
    this.#news = new NewsGate((news) => options.onNews(news));
    this.#vessel = options.openVessel({
      onReport: (report) => this.#hear(report),
      onPrinted: (level, message) =>
        this.#news.report({ kind: "log", level, agent: null, message, fields: {} }),
      onEnd: (reason) => this.#lose("host_gone", reason),
    });
    this.ready = this.#awaitReady();
    this.gone = new Promise((resolve) => this.#resolveGone = resolve);
    bus.attach(address, this.#vessel.bulk);
    this.#vessel.command({
      kind: "open",
      address,
      daemon,
      agents,
      asOfMs,
      budgetMs,
      channel: this.#vessel.kind === "thread" ? channel : null,
      handlers: this.#vessel.kind === "thread" ? this.#handlers.buffer : null,
    });
    this.#beats = setInterval(() => this.#beat(), this.#beatEveryMs);
  }

  /** The instant at which the host lives; undefined for the present. */
  get asOf(): string | undefined {
    const { asOfMs } = this.#options;
    return asOfMs === null ? undefined : new Date(asOfMs).toISOString();
  }

  get kind(): Vessel["kind"] {
    return this.#vessel.kind;
  }

  /** Whether its agents are loaded. */
  get isReady(): boolean {
    return this.#isReady;
  }

  /** Whether it is ready and has had no requests for `ms`. */
  isIdleFor(ms: number): boolean {
    return this.#isReady && this.#open === 0 && Date.now() - this.#lastUsedAtMs >= ms;
  }

  get lastUsedAtMs(): number {
    return this.#lastUsedAtMs;
  }

  /**
   * Agents with open requests or event handlers that run; if the host does not respond, one of them
   * is probably blocking it.
   */
  get busyAgents(): readonly string[] {
    const handling = [...this.agents].filter((_, place) => this.#handlers[place] !== 0);
    return [...new Set([...this.#openByAgent.keys(), ...handling])];
  }

  /** The agent being imported, which is to blame if the host does not start. */
  get loadingAgent(): string | undefined {
    return this.#loading;
  }

  /** Counts a request to an agent as open while `ask` runs; a retiring host waits for it. */
  async carry<Answer>(agent: string, ask: () => Promise<Answer>): Promise<Answer> {
    this.#open++;
    this.#openByAgent.set(agent, (this.#openByAgent.get(agent) ?? 0) + 1);
    try {
      return await ask();
    } finally {
      this.#open--;
      this.#lastUsedAtMs = Date.now();
      const left = (this.#openByAgent.get(agent) ?? 1) - 1;
      if (left > 0) this.#openByAgent.set(agent, left);
      else this.#openByAgent.delete(agent);
      if (this.#open === 0) {
        if (this.#retiring) this.close();
        this.#options.onIdle();
      }
    }
  }

  /** Notifies the host that another host has ended. */
  forget(address: string): void {
    this.#command({ kind: "gone", address });
  }

  get hasEnded(): boolean {
    return this.#ended;
  }

  /** Ends the host once its open requests have ended, because a newer host has taken over. */
  retire(): void {
    this.#retiring = true;
    this.#command({ kind: "retire" });
    if (this.#open === 0) this.close();
  }

  close(): void {
    const error = new AppError("host_gone", `Cannot use host "${this.address}": it was closed`);
    if (this.#end(error)) this.#options.bus.drop(this.address, error);
  }

  #awaitReady(): Promise<readonly FailedAgent[]> {
    const { startMsMax = startMsDefault } = this.#options;
    const { promise, resolve, reject } = Promise.withResolvers<readonly FailedAgent[]>();
    const timer = setTimeout(
      () => this.#lose("host_wedged", `it did not load its agents within ${startMsMax / 1_000} s`),
      startMsMax,
    );
    this.#settle = (settle) => {
      clearTimeout(timer);
      settle();
    };
    this.#resolveReady = resolve;
    this.#rejectReady = reject;
    // Without this, a failed start that nobody waits for would be an unhandled rejection.
    promise.catch(() => undefined);
    return promise;
  }

  #resolveReady: (failed: readonly FailedAgent[]) => void = () => undefined;

  #hear(value: unknown): void {
    const report = this.#readReport(value);
    if (!report || report.kind === "ready" && this.#isReady) {
      return this.#lose("host_gone", "it sent a report that no honest host sends");
    }
    this.#beatsUnanswered = 0;
    switch (report.kind) {
      case "ready":
        this.#isReady = true;
        this.#loading = undefined;
        this.#settle(() => this.#resolveReady(report.failed));
        break;
      case "loading":
        if (!this.#isReady) this.#loading = report.agent;
        break;
      case "beat":
        break;
      default:
        this.#news.report(report);
    }
  }

  /**
   * Counts unanswered beats instead of time, so that a suspended daemon does not blame its hosts.
   * An idle host is seldom asked, so that many of them cost nothing.
   */
  #beat(): void {
    const isResting = this.#isReady && this.#open === 0 && this.#beatsUnanswered === 0;
    this.#restedBeats = isResting ? (this.#restedBeats + 1) % idleBeatEvery : 0;
    if (this.#restedBeats > 0) return;
    const silentMs = this.#beatsUnanswered * this.#beatEveryMs;
    if (silentMs >= this.#options.watchdogMs) {
      // While loading, `startMsMax` applies instead.
      if (this.#isReady) this.#lose("host_wedged", `it has not answered for ${silentMs / 1_000} s`);
    } else {
      this.#beatsUnanswered++;
      this.#command({ kind: "beat" });
    }
  }

  #command(command: HostCommand): void {
    if (!this.#ended) this.#vessel.command(command);
  }

  #lose(code: "host_gone" | "host_wedged", reason: string): void {
    const error = new AppError(
      code,
      `Cannot reach host "${this.address}": ${reason}; its agents start again on their next use`,
    );
    if (this.#end(error)) this.#options.onLost(error);
  }

  /** Ends the host; false if it had already ended. */
  #end(error: AppError): boolean {
    if (this.#ended) return false;
    this.#ended = true;
    clearInterval(this.#beats);
    this.#settle(() => this.#rejectReady(error));
    void this.#vessel.end().then(this.#resolveGone);
    return true;
  }
}

/** Waits for a host, but no longer than the request's caller waits. */
export async function whileCallerWaits<Value>(
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
