/**
 * The inner side of a host, in a thread of the daemon or in a process of its own. It imports agents
 * from the paths that the daemon gives, answers the daemon's requests with them, and reports.
 *
 * Error listeners are added before any agent is imported, because an uncaught error would end the
 * whole process.
 */

import "100ac";
import "100ac/calendar";
import { Bus, type IncomingRequest } from "../../bus/bus.ts";
import type { BulkWay } from "../../bus/bulk.ts";
import type { Channel } from "../../bus/channel.ts";
import { EventBudget } from "../../bus/event_budget.ts";
import { AppError, messageOf, toErrorData } from "../../errors.ts";
import { splitAddress } from "../../ids.ts";
import type { LogLevel } from "../../log.ts";
import type { AgentDefinition } from "../../sdk/agent.ts";
import { AgentRunner, type HostServices } from "./agent_runner.ts";
import {
  type AgentToLoad,
  type FailedAgent,
  type HostCommand,
  type HostReport,
  type OpenCommand,
  openRequestsMax,
  pingAddress,
} from "../control.ts";
import { notReadInTime, readInTime } from "./budget.ts";
import { harden } from "./harden.ts";
import { loadOnly, sealFiles, sealModules } from "./seal_past.ts";
import { stopClocks } from "./stop_clocks.ts";
import { readManifest } from "../manifest/manifest.ts";
import { NewsGate } from "../news_gate.ts";
import { divertConsole } from "./printing.ts";

/** How long an agent may take to load, since the other agents wait for it. */
const loadMsMax = 5_000;
/** The host's connection to the daemon. */
export interface Connection {
  readonly channel: Channel;
  /** The way for large bodies. */
  readonly bulk: BulkWay;
}

export class HostInside {
  readonly #report: (report: HostReport) => void;
  readonly #gate: NewsGate;
  readonly #agents = new Map<string, AgentRunner>();
  readonly #agentOfUrl = new Map<string, string>();
  readonly #subscriptions: (() => void)[] = [];
  #bus: Bus | undefined;

  constructor(report: (report: HostReport) => void) {
    this.#report = report;
    this.#gate = new NewsGate(report);
    globalThis.addEventListener("error", (event) => {
      event.preventDefault();
      this.#reportFault(event.error);
    });
    globalThis.addEventListener("unhandledrejection", (event) => {
      event.preventDefault();
      this.#reportFault(event.reason);
    });
    divertConsole((level, text) => this.print(level, text));
  }

  /** Logs what an agent has printed. */
  print(level: LogLevel, text: string): void {
    this.#log(level, null, text, {});
  }

  /** Carries out a command of the daemon. `connect` is called once, for the first `open`. */
  take(command: HostCommand, connect: (command: OpenCommand) => Connection): void {
    switch (command.kind) {
      case "open":
        if (!this.#bus) void this.#open(command, connect(command));
        break;
      case "beat":
        this.#report({ kind: "beat" });
        break;
      case "retire":
        for (const end of this.#subscriptions) end();
        break;
      case "gone":
        this.#bus?.drop(
          command.address,
          new AppError("host_gone", `Cannot reach "${command.address}": its host has ended`),
        );
        break;
    }
  }

  async #open(command: OpenCommand, { channel, bulk }: Connection): Promise<void> {
    const bus = new Bus({
      channel,
      address: command.address,
      onRequest: (request) => this.#answer(request),
      openMax: openRequestsMax,
      eventBudget: new EventBudget(),
      onFault: (thrown) => this.#reportFault(thrown),
      onLost: (publisher, count) =>
        this.#log("warn", null, "events were lost", { publisher, count }),
    });
    this.#bus = bus;
    bus.attach(command.daemon, bulk);
    if (command.asOfMs !== null) {
      stopClocks(command.asOfMs);
      sealModules();
    }
    harden();
    const services: HostServices = {
      bus,
      budgetMs: command.budgetMs,
      asOfMs: command.asOfMs ?? undefined,
      daemon: command.daemon,
      log: (level, agent, message, fields) => this.#log(level, agent, message, fields),
      noteHandler: handlerTally(command),
      fault: (agent, message) => this.#gate.report({ kind: "fault", agent, message }),
    };
    const failed: FailedAgent[] = [];
    if (command.asOfMs !== null) failed.push(...await loadOnlyAll(command.agents));
    // One at a time, so that the agent that blocks the thread is known.
    for (const agent of command.agents) {
      const { id } = agent.manifest;
      if (failed.some((other) => other.id === id)) continue;
      this.#report({ kind: "loading", agent: id });
      try {
        await this.#load(agent, services);
      } catch (thrown) {
        failed.push({ id, error: toErrorData(thrown, "agent_unavailable") });
      }
    }
    this.#report({ kind: "ready", failed });
  }

  async #load(agent: AgentToLoad, services: HostServices): Promise<void> {
    this.#agentOfUrl.set(agent.url, agent.manifest.id);
    const definition = await importDefinition(agent);
    const manifest = readManifest(definition, agent.file);
    if (JSON.stringify(manifest) !== JSON.stringify(agent.manifest)) {
      throw new AppError(
        "invalid_manifest",
        `Cannot load agent "${agent.file}": its manifest differs from the one that was scanned; ` +
          `a manifest must not depend on when or where it is read`,
      );
    }
    const runner = new AgentRunner({ ...definition, id: manifest.id }, agent, services);
    this.#agents.set(manifest.id, runner);
    // Events belong to the present. Events published here are dropped at the daemon's gate.
    const topics = services.asOfMs === undefined ? manifest.subscriptions : [];
    for (const topic of topics) {
      const end = services.bus.subscribe(topic, (event) => runner.hear(topic, event));
      this.#subscriptions.push(end);
    }
  }

  #answer(request: IncomingRequest): Promise<string> {
    if (request.address === pingAddress) return Promise.resolve("null");
    const address = splitAddress(request.address);
    const runner = address && this.#agents.get(address.agent);
    if (!runner) {
      throw new AppError(
        "unknown_agent",
        `Cannot invoke "${request.address}": its host has no such agent`,
      );
    }
    return runner.answer(address.capability, request);
  }

  #reportFault(thrown: unknown): void {
    const stack = readInTime(() => stackOf(thrown)) ?? "";
    const [, agent] = [...this.#agentOfUrl].find(([url]) => stack.includes(url)) ?? [];
    const message = readInTime(() => messageOf(thrown)) ?? notReadInTime;
    this.#gate.report({ kind: "fault", agent: agent ?? null, message });
  }

  #log(
    level: LogLevel,
    agent: string | null,
    message: string,
    fields: Record<string, unknown>,
  ): void {
    this.#gate.report({ kind: "log", level, agent, message, fields });
  }
}

/** Loads the code of agents in the past; afterwards no file can be read. */
async function loadOnlyAll(agents: readonly AgentToLoad[]): Promise<FailedAgent[]> {
  const failed: FailedAgent[] = [];
  for (const { url, manifest: { id } } of agents) {
    try {
      await loadOnly(url);
    } catch (thrown) {
      failed.push({ id, error: toErrorData(thrown, "agent_unavailable") });
    }
  }
  sealFiles();
  return failed;
}

/** The file's default export, copied once, because a getter could return another id next time. */
async function importDefinition({ file, url }: AgentToLoad): Promise<AgentDefinition> {
  const { promise: late, reject } = Promise.withResolvers<never>();
  const timer = setTimeout(() => {
    const found = `its import took longer than ${loadMsMax / 1_000} s; do no work at the top level`;
    reject(new AppError("agent_unavailable", `Cannot load agent "${file}": ${found}`));
  }, loadMsMax);
  try {
    const module = await Promise.race([import(url) as Promise<{ default: AgentDefinition }>, late]);
    return { ...module.default };
  } finally {
    clearTimeout(timer);
  }
}

/** Where the daemon sees which agents' event handlers run, as long as it shares memory. */
function handlerTally({ agents, handlers }: OpenCommand): HostServices["noteHandler"] {
  if (!handlers) return () => undefined;
  const counts = new Int32Array(handlers);
  const places = new Map(agents.map(({ manifest: { id } }, place) => [id, place]));
  return (agent, change) => {
    const place = places.get(agent);
    if (place !== undefined) counts[place] = (counts[place] ?? 0) + change;
  };
}

function stackOf(thrown: unknown): string {
  try {
    return thrown instanceof Error ? String(thrown.stack) : "";
  } catch {
    return ""; // its properties throw when read
  }
}
