/**
 * A daemon's lives: each is a real process that is given work over HTTP, and killed at an instant
 * that chance picks, from its first to long after it was ready. What it acknowledged is kept: the
 * next ones have to stand by it.
 */

import assert from "node:assert/strict";
import { type DaemonProcess, launchDaemonProcess } from "../support/daemon_process.ts";
import { eventually } from "../support/eventually.ts";
import { type CrashWorld, items } from "./crash_world.ts";

/**
 * So many lives end before they are ready, the others by as much after: what a start takes tells
 * how fast the machine is.
 */
const earlyShare = 0.3;
const startersCount = 3;
const startEveryMs = 40;

export interface Acknowledged {
  /** Executions by the idempotency key that they were started with. */
  readonly started: Map<string, string>;
  readonly rerun: Set<string>;
  readonly cancelled: Set<string>;
  readonly paused: Set<string>;
  /** How long the last daemon took until it was ready; 0 before there was one. */
  startMs: number;
}

/** What a daemon says that contradicts what it, or one before it, has acknowledged. */
export class Contradiction extends Error {}

/** One life: gives work until it is killed. */
export async function liveOnce(
  world: CrashWorld,
  acknowledged: Acknowledged,
  random: () => number,
): Promise<void> {
  const launchedAtMs = performance.now();
  await using daemon = launchDaemonProcess(world.environment);
  if (random() < earlyShare && acknowledged.startMs > 0) {
    await killAfter(daemon, random() * acknowledged.startMs);
    return;
  }
  await daemon.ready();
  acknowledged.startMs = performance.now() - launchedAtMs;
  const givers = Array.from(
    { length: startersCount },
    () => giveWork(daemon, acknowledged, random),
  );
  const ends = Promise.allSettled(givers);
  await killAfter(daemon, random() * acknowledged.startMs);
  for (const end of await ends) {
    // Anything else is a request that was cut off.
    if (end.status === "rejected" && end.reason instanceof Contradiction) throw end.reason;
  }
}

/** The instant is what is tried: there is nothing to wait for. */
async function killAfter(daemon: DaemonProcess, ms: number): Promise<void> {
  await new Promise((resolve) => setTimeout(resolve, ms));
  assert.notEqual(await daemon.end("SIGKILL"), 0, `it ended by itself: ${daemon.log}`);
}

async function giveWork(
  daemon: DaemonProcess,
  acknowledged: Acknowledged,
  random: () => number,
): Promise<never> {
  const { started } = acknowledged;
  const known = [...started];
  for (;;) {
    const [key, before] = known[Math.floor(random() * known.length * 10)] ??
      [crypto.randomUUID(), undefined];
    const id = await start(daemon, key);
    if (before !== undefined && id !== before) {
      throw new Contradiction(`key ${key} was execution ${before}, and is ${id} now`);
    }
    started.set(key, id);
    await steerSome(daemon, id, acknowledged, random());
    await new Promise((resolve) => setTimeout(resolve, startEveryMs));
  }
}

/** As chance has it, `id` is steered, or one that was steered before. */
async function steerSome(
  daemon: DaemonProcess,
  id: string,
  { rerun, cancelled, paused }: Acknowledged,
  chance: number,
): Promise<void> {
  if (chance < 0.1) {
    if (await steer(daemon, id, "cancel")) cancelled.add(id);
  } else if (chance < 0.2) {
    if (await steer(daemon, id, "pause")) paused.add(id);
  } else if (chance < 0.4) {
    const [before] = paused;
    if (before === undefined) return;
    await steer(daemon, before, "resume");
    paused.delete(before);
  } else if (chance < 0.45) {
    const [before] = cancelled;
    if (before === undefined) return;
    await steer(daemon, before, "retry");
    cancelled.delete(before);
  } else if (chance < 0.5) {
    const again = await steer(daemon, id, "rerun");
    if (again) rerun.add(again);
  }
}

/** The key says which workflow, so that it is the same one when it is used again. */
async function start(daemon: DaemonProcess, key: string): Promise<string> {
  const isGraph = key.charCodeAt(0) % 2 === 0;
  const response = await daemon.api(`/workflows/${isGraph ? "graph" : "chain"}/executions`, {
    method: "POST",
    headers: { "Idempotency-Key": key },
    body: isGraph ? JSON.stringify({ items }) : "{}",
  });
  const answer = await response.json();
  if (response.status === 202) return answer.execution_id;
  throw new Contradiction(`a start was answered with ${JSON.stringify(answer)}`);
}

/** Gives the execution's id; undefined for what has ended, has not, or is steered already. */
async function steer(daemon: DaemonProcess, id: string, verb: string): Promise<string | undefined> {
  const response = await daemon.api(`/executions/${id}/${verb}`, { method: "POST" });
  const answer = await response.json();
  if (response.status === 202) return answer.execution_id;
  if (response.status === 409) return undefined;
  throw new Contradiction(`${verb} of ${id} was answered with ${JSON.stringify(answer)}`);
}

/** The last life: everything is resumed and brought to its end, then the daemon is stopped. */
export async function liveToTheEnd(world: CrashWorld): Promise<void> {
  await using daemon = launchDaemonProcess(world.environment);
  await daemon.ready();
  await eventually(async () => {
    const open = await world.query(
      `SELECT execution_id, status, wanted FROM workflow_executions
       WHERE completed_at IS NULL AND workflow_name <> 'ticking'`,
    );
    for (const { execution_id: id, status, wanted } of open) {
      if (status === "paused" || wanted === "pause") await steer(daemon, String(id), "resume");
    }
    return open.length === 0;
  }, { withinMs: 120_000 });
  assert.equal(await daemon.end("SIGTERM"), 0, daemon.log);
}
