/**
 * Requests through the bus, and through hosts with 1 and with 100 agents, beside the same on a
 * bare BroadcastChannel: that one loses what is too much for it, so its floor keeps 64 in flight.
 * Floor and ours take turns; what is reported are medians of the rounds.
 */

import { fileURLToPath } from "node:url";
import { Bus } from "../../core/bus/bus.ts";
import { type Channel, openBroadcastChannel } from "../../core/bus/channel.ts";
import { Hub } from "../../core/bus/hub.ts";
import { Hosts, type HostsOptions } from "../../core/host/hosts.ts";
import { newOpaqueId } from "../../core/ids.ts";
import { createLog } from "../../core/log.ts";
import { makeTempFolder } from "../support/temp_folder.ts";
import { median, quantile, type Report } from "./report.ts";

export const name = "bus";

/** Rounds that are not counted: the runtime compiles what it has run often. */
const warmRounds = 5;
const rounds = 15;
const sequentialCount = 400;
const inFlight = 64;
const parallelCount = 4_000;
const burstCount = 10_000;
const burstRounds = 5;
const input = JSON.stringify({ message: "Hello from workflow!" });

/** Sends a request there and back. */
type Ask = () => Promise<unknown>;

/** Measures, in about half a minute, and adds a case for each figure. */
export async function run(report: Report): Promise<void> {
  const channel = `bench-${newOpaqueId()}`;
  using floor = await Floor.open(channel);
  const bus = openBus(openBroadcastChannel(channel));
  const askBus: Ask = () => bus.request("far", "echo.echo", input, { timeoutMs: 30_000 });
  await compare(report, "bus", floor.ask, askBus);
  await compareBurst(report, floor.ask, askBus);
  bus.close();
  await compareHosts(report, floor.ask, "host of 1 agent", { agents: 1 });
  await compareHosts(report, floor.ask, "host of 100 agents", { agents: 100 });
  await compareHosts(report, floor.ask, "host in a process", { agents: 1, processForAll: true });
}

/** As the engine asks: through the hosts of a folder of `agents` agents, all in one host. */
async function compareHosts(
  report: Report,
  floor: Ask,
  label: string,
  { agents, processForAll = false }: { agents: number; processForAll?: boolean },
): Promise<void> {
  await using folder = await makeAgents(agents);
  const channel = `bench-${newOpaqueId()}`;
  const hub = new Hub("near", openBroadcastChannel(channel));
  const bus = openBus(hub);
  const hosts = makeHosts({ bus, hub, channel, agentsFolder: folder.path, processForAll });
  await hosts.open();
  const { signal } = new AbortController();
  let next = 0;
  const askHosts: Ask = () => {
    const address = `echo_${++next % agents}.echo`;
    return hosts.invoke({ address, input, caller: "bench", timeoutMs: 30_000, signal });
  };
  await askHosts(); // starts the host
  await compare(report, label, floor, askHosts);
  await hosts.close();
  bus.close();
}

/** One at a time, then 64 at a time. */
async function compare(report: Report, label: string, floor: Ask, ours: Ask): Promise<void> {
  const sides = { floor, ours };
  const taken = { floor: [] as Round[], ours: [] as Round[] };
  for (let round = -warmRounds; round < rounds; round++) {
    for (const side of ["floor", "ours"] as const) {
      const measured = await measure(sides[side]);
      if (round >= 0) taken[side].push(measured);
    }
  }
  const middle = (side: "floor" | "ours", key: keyof Round): number =>
    median(taken[side].map((round) => round[key]));
  const add = (name: string, key: keyof Round, unit: string): void =>
    report.add({
      case: `${label}, ${name}`,
      value: middle("ours", key),
      unit,
      floor: middle("floor", key),
    });
  add("round trip p50", "p50Ms", "ms");
  add("round trip p99", "p99Ms", "ms");
  add(`${inFlight} in flight`, "perSecond", "requests/s");
}

interface Round {
  readonly p50Ms: number;
  readonly p99Ms: number;
  readonly perSecond: number;
}

async function measure(ask: Ask): Promise<Round> {
  const tookMs: number[] = [];
  for (let n = 0; n < sequentialCount; n++) {
    const startedAtMs = performance.now();
    await ask();
    tookMs.push(performance.now() - startedAtMs);
  }
  const perSecond = parallelCount / (await timeMs(() => askMany(ask, parallelCount)) / 1_000);
  return { p50Ms: quantile(tookMs, 0.5), p99Ms: quantile(tookMs, 0.99), perSecond };
}

/** 10,000 fired at once; the floor can't, and keeps its 64 in flight. */
async function compareBurst(report: Report, floor: Ask, ours: Ask): Promise<void> {
  const floorMs: number[] = [];
  const oursMs: number[] = [];
  for (let round = 0; round < burstRounds; round++) {
    floorMs.push(await timeMs(() => askMany(floor, burstCount)));
    oursMs.push(await timeMs(() => Promise.all(Array.from({ length: burstCount }, ours))));
  }
  const [value, floorValue] = [median(oursMs), median(floorMs)];
  report.add({ case: "bus, burst of 10,000", value, unit: "ms", floor: floorValue });
}

/** Asks `count` times, with 64 in flight. */
async function askMany(ask: Ask, count: number): Promise<void> {
  let left = count;
  const askInTurn = async (): Promise<void> => {
    while (left-- > 0) await ask();
  };
  await Promise.all(Array.from({ length: inFlight }, askInTurn));
}

async function timeMs(work: () => Promise<unknown>): Promise<number> {
  const startedAtMs = performance.now();
  await work();
  return performance.now() - startedAtMs;
}

/** Requests on a bare BroadcastChannel, matched by id and nothing more. */
class Floor implements Disposable {
  readonly #worker: Worker;
  readonly #channel: BroadcastChannel;
  readonly #open = new Map<number, (output: string) => void>();
  #lastId = 0;

  private constructor(worker: Worker, channel: BroadcastChannel) {
    this.#worker = worker;
    this.#channel = channel;
    channel.onmessage = ({ data }) => {
      this.#open.get(data.id)?.(data.output);
      this.#open.delete(data.id);
    };
  }

  /** Also starts the bus's far end, at `far` on `channel`. */
  static async open(channel: string): Promise<Floor> {
    const floor = `floor-${newOpaqueId()}`;
    const url = new URL("./bus_floor_worker.ts", import.meta.url);
    const worker = new Worker(url, { type: "module" });
    await new Promise((resolve, reject) => {
      worker.onmessage = resolve;
      worker.onerror = reject;
      worker.postMessage({ floor, channel });
    });
    return new Floor(worker, new BroadcastChannel(floor));
  }

  readonly ask: Ask = () =>
    new Promise((resolve) => {
      const id = ++this.#lastId;
      this.#open.set(id, resolve);
      this.#channel.postMessage({ id, address: "echo.echo", input });
    });

  [Symbol.dispose](): void {
    this.#channel.close();
    this.#worker.terminate();
  }
}

function openBus(channel: Channel): Bus {
  return new Bus({ channel, address: "near", onRequest: ({ input }) => Promise.resolve(input) });
}

function makeHosts(
  options: Pick<HostsOptions, "bus" | "hub" | "channel" | "agentsFolder" | "processForAll">,
): Hosts {
  return new Hosts({
    ...options,
    readable: [fileURLToPath(new URL("../../node_modules", import.meta.url))],
    daemon: "near",
    watchdogMs: 5_000,
    log: createLog({ threshold: "off", write: () => undefined, pretty: false }),
    settingsOf: () => ({}),
    grantsOf: ({ permissions }) => permissions,
  });
}

/** A folder of `count` agents, all alike. */
async function makeAgents(count: number): ReturnType<typeof makeTempFolder> {
  const files = Array.from({ length: count }, (_, n) => [
    `echo_${n}.ts`,
    `import { defineAgent, z } from "100ac";
export default defineAgent({
  id: "echo_${n}",
  description: "Echoes",
  capabilities: {
    echo: {
      description: "Gives the message back",
      input: z.object({ message: z.string() }),
      output: z.object({ message: z.string() }),
      run: ({ message }) => ({ message }),
    },
  },
});
`,
  ]);
  return await makeTempFolder(Object.fromEntries(files) as Record<string, string>);
}
