/**
 * The fixed entry of every host, in a thread of the daemon or of a process. Its static imports load
 * with the rights of the code that starts it. After that it runs under the host's permissions:
 * agents are imported dynamically, from paths the daemon gives, and can read only the agents folder
 * and node_modules.
 *
 * Error listeners are added before any agent is imported, because an uncaught error would end the
 * whole process.
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

/** How long an agent may take to load, since the other agents wait for it. */
const loadMsMax = 5_000;
/** Open requests of a host's agents; more would take up the daemon's time. */
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
divertPrinting((level, text) => log(level, null, text, {}));
self.addEventListener("message", (event) => {
  // Agents can dispatch events too, but those are not trusted.
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
      bus?.drop(
        command.address,
        new AppError("host_gone", `Cannot reach "${command.address}": its host has ended`),
      );
      break;
  }
});

async function open(
  command: OpenCommand,
  [bulk, frames]: readonly MessagePort[],
): Promise<void> {
  if (!bulk) throw new Error("the open command brought no port for large bodies");
  bus = new Bus({
    channel: frames ? openPortChannel(frames) : openBroadcastChannel(command.channel ?? ""),
    address: command.address,
    onRequest: answer,
    openMax,
    onLost: (publisher, count) => log("warn", null, "events were lost", { publisher, count }),
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
    log,
    fault: (agent, message) => gate.report({ kind: "fault", agent, message }),
  };
  const failed: FailedAgent[] = [];
  if (command.asOfMs !== null) failed.push(...await loadOnlyAll(command.agents));
  // One at a time, so that the agent that blocks the thread is known.
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
  // Events belong to the present. Events published here are dropped at the daemon's gate.
  const topics = services.asOfMs === undefined ? manifest.subscriptions : [];
  for (const topic of topics) {
    subscriptions.push(services.bus.subscribe(topic, (event) => runner.hear(topic, event)));
  }
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

function answer(request: IncomingRequest): Promise<string> {
  if (request.address === pingAddress) return Promise.resolve("null");
  const address = splitAddress(request.address);
  const runner = address && agents.get(address.agent);
  if (!runner) {
    throw new AppError(
      "unknown_agent",
      `Cannot invoke "${request.address}": its host has no such agent`,
    );
  }
  return runner.answer(address.capability, request);
}

function reportFault(thrown: unknown): void {
  const stack = stackOf(thrown);
  const [, agent] = [...agentOfUrl].find(([url]) => stack.includes(url)) ?? [];
  gate.report({ kind: "fault", agent: agent ?? null, message: messageOf(thrown) });
}

function stackOf(thrown: unknown): string {
  try {
    return thrown instanceof Error ? String(thrown.stack) : "";
  } catch {
    return ""; // its properties throw when read
  }
}

function log(
  level: LogLevel,
  agent: string | null,
  message: string,
  fields: Record<string, unknown>,
): void {
  gate.report({ kind: "log", level, agent, message, fields });
}
