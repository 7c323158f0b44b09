/**
 * Requests through the bus, and through hosts with 1, 10 and 100 agents, beside the same on a bare
 * BroadcastChannel: that one loses what is too much for it, so its floor keeps 64 in flight. Floor
 * and ours take turns; what is reported are medians of the rounds.
 */

import assert from "node:assert/strict";
import { openBroadcastChannel } from "../../core/bus/channel.ts";
import { newOpaqueId } from "../../core/ids.ts";
import { Floor } from "./bus_floor.ts";
import { BusStage, echoAgents, openBus, rogueAgents } from "./bus_stage.ts";
import { median, quantile, type Report } from "./report.ts";

export const name = "bus";

/** Rounds that are not counted: the runtime compiles what it has run often. */
const warmRounds = 3;
const rounds = 7;
const sequentialCount = 400;
const inFlight = 64;
const parallelCount = 4_000;
const burstCount = 100_000;
const exactCount = 1_000_000;
const message = JSON.stringify({ message: "Hello from workflow!" });

/** Sends a request there and back. */
type Ask = () => Promise<unknown>;

/** Measures, in about two minutes, and adds a case for each figure. */
export async function run(report: Report): Promise<void> {
  const channel = `bench-${newOpaqueId()}`;
  using floor = await Floor.open(channel);
  const bus = openBus(openBroadcastChannel(channel));
  const askBus: Ask = () => bus.request("far", "echo.echo", message, { timeoutMs: 30_000 });
  const askFloor: Ask = () => floor.ask(message);
  const askChecked: Ask = () => floor.ask(message, true);
  await compare(report, "bus", askFloor, askBus);
  await compareBurst(report, "bus", askFloor, askBus);
  bus.close();
  for (const agents of [1, 10, 100]) {
    await using stage = await BusStage.open(echoAgents(agents));
    const label = `host of ${agents} agent${agents > 1 ? "s" : ""}`;
    const ask = inTurn(stage, agents);
    await compare(report, label, askFloor, ask, askChecked);
    await compareBurst(report, label, askFloor, ask);
    if (agents === 1) await compareSizes(report, floor, stage);
    if (agents === 10) await countExactly(report, askFloor, stage, agents);
  }
  await using apart = await BusStage.open(echoAgents(1), "process");
  await compare(report, "host in a process", askFloor, inTurn(apart, 1));
  await compareWithRogues(report);
}

/** Asks one agent after the other. */
function inTurn(stage: BusStage, agents: number): Ask {
  let next = 0;
  return () => stage.ask(`echo_${++next % agents}.echo`, message);
}

/** One at a time, then 64 at a time; also beside a floor whose far end `checked` what comes. */
async function compare(
  report: Report,
  label: string,
  floor: Ask,
  ours: Ask,
  checked?: Ask,
): Promise<void> {
  await ours(); // starts the host
  const sides = { floor, ours, ...(checked ? { checked } : {}) };
  const taken = new Map<Ask, Round[]>(Object.values(sides).map((ask) => [ask, []]));
  for (let round = -warmRounds; round < rounds; round++) {
    for (const [ask, measured] of taken) {
      const one = await measure(ask);
      if (round >= 0) measured.push(one);
    }
  }
  const middle = (ask: Ask, key: keyof Round): number =>
    median((taken.get(ask) ?? []).map((round) => round[key]));
  const add = (name: string, key: keyof Round, unit: string): void => {
    const value = middle(ours, key);
    report.add({ case: `${label}, ${name}`, value, unit, floor: middle(floor, key) });
    if (!checked) return;
    const bare = middle(checked, key);
    report.add({ case: `${label}, ${name}, floor checks`, value, unit, floor: bare });
  };
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
  const tookMs = await timeEach(ask, sequentialCount);
  const perSecond = parallelCount / (await timeMs(() => askMany(ask, parallelCount)) / 1_000);
  return { p50Ms: quantile(tookMs, 0.5), p99Ms: quantile(tookMs, 0.99), perSecond };
}

/** 100,000 fired at once, all answered; the floor can't, and keeps its 64 in flight. */
async function compareBurst(report: Report, label: string, floor: Ask, ours: Ask): Promise<void> {
  const floorMs = await timeMs(() => askMany(floor, burstCount));
  const value = await timeMs(() => Promise.all(Array.from({ length: burstCount }, ours)));
  report.add({ case: `${label}, burst of 100,000`, value, unit: "ms", floor: floorMs });
}

/** There and back with bodies of these sizes, one at a time. */
async function compareSizes(report: Report, floor: Floor, stage: BusStage): Promise<void> {
  const sizes = [["1 KB", 1e3, 400], ["100 KB", 1e5, 60], ["1 MB", 1e6, 20]] as const;
  for (const [label, length, count] of sizes) {
    const input = JSON.stringify({ message: "x".repeat(length) });
    const floorMs = await timeEach(() => floor.ask(input), count);
    const oursMs = await timeEach(() => stage.ask("echo_0.echo", input), count);
    const [value, bare] = [median(oursMs), median(floorMs)];
    report.add({ case: `host of 1 agent, ${label} p50`, value, unit: "ms", floor: bare });
  }
}

/** A million requests, each with its own number, which says how often it arrived. */
async function countExactly(
  report: Report,
  floor: Ask,
  stage: BusStage,
  agents: number,
): Promise<void> {
  let next = 0;
  let duplicates = 0;
  let answered = 0;
  const ask = async (): Promise<void> => {
    const n = next++;
    const answer = await stage.ask(`echo_${n % agents}.count`, `{"n":${n}}`);
    const [number, times] = JSON.parse(answer) as [number, number];
    assert.equal(number, n, "each has its own answer");
    answered++;
    if (times > 1) duplicates++;
  };
  const floorMs = await timeMs(() => askMany(floor, burstCount));
  const tookMs = await timeMs(() => askMany(ask, exactCount));
  report.add({
    case: "1,000,000 requests, 64 in flight",
    value: exactCount / tookMs * 1_000,
    unit: "requests/s",
    floor: burstCount / floorMs * 1_000,
  });
  report.add({ case: "… lost", value: exactCount - answered, unit: "requests" });
  report.add({ case: "… run twice", value: duplicates, unit: "requests" });
}

/** A healthy agent's p99 while another one loops, leaks and throws; its floor is its quiet p99. */
async function compareWithRogues(report: Report): Promise<void> {
  const healthy = echoAgents(1, `{ env: ["HOME"] }`);
  await using stage = await BusStage.open({ ...healthy, ...rogueAgents });
  const ask: Ask = () => stage.ask("echo_0.echo", message);
  await timeEach(ask, sequentialCount * warmRounds);
  const quiet = quantile(await timeEach(ask, sequentialCount * rounds), 0.99);
  for (const way of ["loop", "leak", "throw"]) {
    let isOver = false;
    const misbehave = async (): Promise<void> => {
      while (!isOver) {
        // What it ends with is the rogue's concern; too soon after a loss it is refused at once.
        await stage.ask(`rogue.${way}`, "{}").catch(() => undefined);
        await new Promise((resolve) => setTimeout(resolve, 10));
      }
    };
    const misbehaving = misbehave();
    const value = quantile(await timeEach(ask, sequentialCount * rounds), 0.99);
    isOver = true;
    report.add({ case: `healthy p99 while another ${way}s`, value, unit: "ms", floor: quiet });
    await misbehaving;
  }
}

/** Asks `count` times, with 64 in flight. */
async function askMany(ask: Ask, count: number): Promise<void> {
  let left = count;
  const askInTurn = async (): Promise<void> => {
    while (left-- > 0) await ask();
  };
  await Promise.all(Array.from({ length: inFlight }, askInTurn));
}

/** How long each of `count` requests took, one after the other. */
async function timeEach(ask: Ask, count: number): Promise<number[]> {
  const tookMs: number[] = [];
  for (let n = 0; n < count; n++) tookMs.push(await timeMs(ask));
  return tookMs;
}

async function timeMs(work: () => Promise<unknown>): Promise<number> {
  const startedAtMs = performance.now();
  await work();
  return performance.now() - startedAtMs;
}
