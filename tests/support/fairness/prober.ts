/**
 * How long `/health` and a healthy agent take to answer while something else happens. A new request
 * leaves every 20 ms whether or not earlier ones are answered, so a stall counts for each request
 * that it meets.
 */

import type { ExecutionView } from "../../../core/http/api.ts";
import { quantile } from "../../bench/report.ts";
import type { Attack } from "./attacks.ts";
import type { DaemonProcess } from "../daemon_process.ts";

const everyMs = 20;
const answerMsMax = 120_000;

export interface Figures {
  readonly count: number;
  readonly p50: number;
  readonly p99: number;
  readonly max: number;
}

export interface Probed {
  readonly health: Figures;
  readonly agent: Figures;
  /** Requests of the healthy agent that failed. */
  readonly failures: readonly string[];
  /** How long the event took. */
  readonly ms: number;
  /** How often `/health` was answered meanwhile. */
  readonly healthDuring: number;
}

/** What the prober returns. */
interface AgentTimes {
  readonly ms: readonly number[];
  readonly failures: readonly string[];
}

/** Probes while `event` happens, and at least for `seconds`, all of which the agent is asked. */
export async function probeDuring(
  daemon: DaemonProcess,
  seconds: number,
  event: () => Promise<unknown>,
): Promise<Probed> {
  const healthMs: number[] = [];
  const asked: Promise<void>[] = [];
  const ask = async (): Promise<void> => {
    const askedAtMs = performance.now();
    const response = await fetch(`${daemon.url}/health`, {
      signal: AbortSignal.timeout(answerMsMax),
    });
    await response.body?.cancel();
    healthMs.push(performance.now() - askedAtMs);
  };
  const watching = await start(daemon, "watch", { seconds });
  const timer = setInterval(() => asked.push(ask()), everyMs);
  const startedAtMs = performance.now();
  try {
    await event();
    const ms = performance.now() - startedAtMs;
    const healthDuring = healthMs.length;
    const watched = await resultOf(daemon, watching, "watch") as AgentTimes;
    const { ms: agentMs, failures } = watched;
    await Promise.all(asked);
    return { health: figures(healthMs), agent: figures(agentMs), failures, ms, healthDuring };
  } finally {
    clearInterval(timer);
    await Promise.allSettled(asked);
  }
}

/** Probes while an attack's workflows run; gives how they ended as well. */
export async function probeAttack(
  daemon: DaemonProcess,
  { workflows }: Attack,
  seconds: number,
): Promise<Probed & { readonly ends: readonly ExecutionView[] }> {
  const ends: ExecutionView[] = [];
  const probed = await probeDuring(daemon, seconds, async () => {
    const ids = await Promise.all(workflows.map(({ name }) => start(daemon, name)));
    for (const id of ids) ends.push(await endOf(daemon, id));
  });
  return { ...probed, ends };
}

/** Starts a workflow; gives the execution's id. */
export async function start(
  daemon: DaemonProcess,
  workflow: string,
  inputs: Readonly<Record<string, unknown>> = {},
): Promise<string> {
  const response = await daemon.api(`/workflows/${workflow}/executions`, {
    method: "POST",
    headers: { "content-type": "application/json" },
    body: JSON.stringify(inputs),
  });
  if (!response.ok) throw new Error(await response.text());
  return (await response.json() as ExecutionView).execution_id;
}

/** Waits for an execution's end without asking for it. */
export async function endOf(daemon: DaemonProcess, id: string): Promise<ExecutionView> {
  // The stream ends with the execution.
  await (await daemon.api(`/executions/${id}/events`)).body?.pipeTo(new WritableStream());
  return await (await daemon.api(`/executions/${id}`)).json() as ExecutionView;
}

/** What a step of an ended execution resulted in. */
async function resultOf(daemon: DaemonProcess, id: string, step: string): Promise<unknown> {
  const { error } = await endOf(daemon, id);
  if (error) throw new Error(error.message);
  return await (await daemon.api(`/executions/${id}/steps/${step}/result`)).json();
}

function figures(ms: readonly number[]): Figures {
  const [p50, p99, max] = [0.5, 0.99, 1].map((share) => Math.round(quantile(ms, share)));
  return { count: ms.length, p50: p50 ?? 0, p99: p99 ?? 0, max: max ?? 0 };
}
