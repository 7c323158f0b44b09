/**
 * The fixed entry of every host, in a thread of the daemon or of a process. It loads with its
 * starter's rights what is imported statically, then runs under the host's permissions: agents are
 * imported dynamically, by paths that the daemon gives, and can read nothing but the agents folder
 * and node_modules.
 *
 * Error listeners stand before any agent is imported: an error nobody caught would otherwise end
 * the whole process.
 */

import "100ac";
import "100ac/calendar";
import { Bus, type IncomingRequest } from "../../bus/bus.ts";
import { bulkOverPort } from "../../bus/bulk.ts";
import { openBroadcastChannel, openPortChannel } from "../../bus/channel.ts";
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
  pingAddress,
} from "../control.ts";
import { harden } from "./harden.ts";
import { loadOnly, sealFiles, sealModules } from "./seal_past.ts";
import { stopClocks } from "./stop_clocks.ts";
import { readManifest } from "../manifest/manifest.ts";
import { NewsGate } from "./news_gate.ts";
import { divertPrinting } from "./printing.ts";

declare const self: DedicatedWorkerGlobalScope;
interface DedicatedWorkerGlobalScope extends EventTarget {
  postMessage(message: HostReport): void;
}

/** How long an agent may take to load: its neighbours wait for it. */
const loadMsMax = 5_000;
/** Requests that the agents of a host have open at once: more would take the daemon's time. */
const openMax = 4_096;

const report = self.postMessage.bind(self);
const gate = new NewsGate(report);
const agents = new Map<string, AgentRunner>();
const agentOfUrl = new Map<string, string>();
const subscriptions: (() => void)[] = [];
let bus: Bus | undefined;

self.addEventListener("error", (event) => {
  event.preventDefault();
  reportFault((event as ErrorEvent).error);
});
self.addEventListener("unhandledrejection", (event) => {
  event.preventDefault();
  reportFault((event as PromiseRejectionEvent).reason);
});
divertPrinting((level, text) => tell(level, null, text, {}));
self.addEventListener("message", (event) => {
  // An agent can dispatch one, too.
  if (!event.isTrusted) return;
  const command = (event as MessageEvent<HostCommand>).data;
  switch (command.kind) {
    case "open":
      if (!bus) void open(command, (event as MessageEvent).ports);
      break;
    case "beat":
      report({ kind: "beat" });
      break;
    case "retire":
      for (const end of subscriptions) end();
      break;
    case "gone":
      bus?.drop(command.address, new AppError("host_gone", `Cannot reach "${command.address}"`));
      break;
  }
});

async function open(
  command: OpenCommand,
  [bulk, frames]: readonly MessagePort[],
): Promise<void> {
  if (!bulk) throw new Error("a host is opened with the port of its large bodies");
  bus = new Bus({
    channel: frames ? openPortChannel(frames) : openBroadcastChannel(command.channel ?? ""),
    address: command.address,
    onRequest: answer,
    openMax,
    onLost: (publisher, count) => tell("warn", null, "events were lost", { publisher, count }),
  });
  bus.attach(command.daemon, bulkOverPort(bulk));
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
    log: tell,
    fault: (agent, message) => gate.tell({ kind: "fault", agent, message }),
  };
  const failed: FailedAgent[] = [];
  if (command.asOfMs !== null) failed.push(...await loadOnlyAll(command.agents));
  // One after the other: who holds the thread meanwhile must be known by name.
  for (const agent of command.agents) {
    const { id } = agent.manifest;
    if (failed.some((other) => other.id === id)) continue;
    report({ kind: "loading", agent: id });
    try {
      await load(agent, services);
    } catch (thrown) {
      failed.push({ id, error: toErrorData(thrown, "agent_unavailable") });
    }
  }
  report({ kind: "ready", failed });
}

/** Loads the code of agents that live in the past, after which no file can be read. */
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

async function load(agent: AgentToLoad, services: HostServices): Promise<void> {
  agentOfUrl.set(agent.url, agent.manifest.id);
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
  agents.set(manifest.id, runner);
  // Events are of now. What is published here ends at the daemon's gate.
  const topics = services.asOfMs === undefined ? manifest.subscriptions : [];
  for (const topic of topics) {
    subscriptions.push(services.bus.subscribe(topic, (event) => runner.hear(topic, event)));
  }
}

/** What the file exports, read once: a getter could give another id the next time. */
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

function answer(request: IncomingRequest): Promise<string> {
  if (request.address === pingAddress) return Promise.resolve("null");
  const address = splitAddress(request.address);
  const runner = address && agents.get(address.agent);
  if (!runner) {
    throw new AppError(
      "unknown_agent",
      `Cannot invoke "${request.address}": no such agent in its host`,
    );
  }
  return runner.answer(address.capability, request);
}

function reportFault(thrown: unknown): void {
  const stack = stackOf(thrown);
  const [, agent] = [...agentOfUrl].find(([url]) => stack.includes(url)) ?? [];
  gate.tell({ kind: "fault", agent: agent ?? null, message: messageOf(thrown) });
}

function stackOf(thrown: unknown): string {
  try {
    return thrown instanceof Error ? String(thrown.stack) : "";
  } catch {
    return ""; // it throws when it is looked at
  }
}

function tell(
  level: LogLevel,
  agent: string | null,
  message: string,
  fields: Record<string, unknown>,
): void {
  gate.tell({ kind: "log", level, agent, message, fields });
}
