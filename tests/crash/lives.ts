/**
 * A daemon's lives: each is a real process that is given work over HTTP, and killed at an instant
 * that chance picks, from its first to long after it was ready. What it acknowledged is kept: the
 * next ones have to stand by it.
 */

import assert from "node:assert/strict";
import { type DaemonProcess, launchDaemonProcess } from "../support/daemon_process.ts";
import { eventually } from "../support/eventually.ts";
import { type CrashWorld, items } from "./crash_world.ts";

/** From the start of the process; it is ready after a good half of it. */
const killAfterMsMax = 1_600;
const startersCount = 3;
const startEveryMs = 40;

export interface Acknowledged {
  /** Executions by the idempotency key that they were started with. */
  readonly started: Map<string, string>;
  readonly cancelled: Set<string>;
  readonly paused: Set<string>;
}

/** What a daemon says that contradicts what it, or one before it, has acknowledged. */
export class Contradiction extends Error {}

/** One life: gives work until it is killed. */
export async function liveOnce(
  world: CrashWorld,
  acknowledged: Acknowledged,
  random: () => number,
): Promise<void> {
  await using daemon = launchDaemonProcess(world.environment);
  // The instant is what is tried: there is nothing to wait for.
  const killed = new Promise((resolve) => setTimeout(resolve, random() * killAfterMsMax))
    .then(() => daemon.end("SIGKILL"));
  const isReady = await daemon.readyOrGone();
  const givers = Array.from(
    { length: isReady ? startersCount : 0 },
    () => giveWork(daemon, acknowledged, random),
  );
  const ends = await Promise.allSettled(givers);
  assert.notEqual(await killed, 0, "it was killed");
  for (const end of ends) {
    // Anything else is a request that was cut off.
    if (end.status === "rejected" && end.reason instanceof Contradiction) throw end.reason;
  }
}

async function giveWork(
  daemon: DaemonProcess,
  { started, cancelled, paused }: Acknowledged,
  random: () => number,
): Promise<never> {
  const known = [...started];
  for (;;) {
    const [key, before] = known[Math.floor(random() * known.length * 10)] ??
      [crypto.randomUUID(), undefined];
    const id = await start(daemon, key);
    if (before !== undefined && id !== before) {
      throw new Contradiction(`key ${key} was execution ${before}, and is ${id} now`);
    }
    started.set(key, id);
    const chance = random();
    if (chance < 0.1 && await steer(daemon, id, "cancel")) cancelled.add(id);
    else if (chance < 0.2 && await steer(daemon, id, "pause")) paused.add(id);
    else if (chance < 0.4) await resumeOne(daemon, paused);
    await new Promise((resolve) => setTimeout(resolve, startEveryMs));
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

/** False for what has ended, or is steered already. */
async function steer(daemon: DaemonProcess, id: string, verb: string): Promise<boolean> {
  const response = await daemon.api(`/executions/${id}/${verb}`, { method: "POST" });
  const answer = await response.json();
  if (response.status === 202 || response.status === 409) return response.status === 202;
  throw new Contradiction(`${verb} of ${id} was answered with ${JSON.stringify(answer)}`);
}

async function resumeOne(daemon: DaemonProcess, paused: Set<string>): Promise<void> {
  const [id] = paused;
  if (id === undefined) return;
  await steer(daemon, id, "resume");
  paused.delete(id);
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
