/**
 * What a process host costs: from its agent's first request to the answer, beside an empty Deno
 * program from start to end; its memory; and the time of a core that ten idle ones take together.
 */

import { makeTempFolder } from "../support/temp_folder.ts";
import { BusStage } from "./bus_stage.ts";
import { median, type Report } from "./report.ts";

export const name = "hosts";

const hosts = 10;
const idleMs = 10_000;
/** Of `/proc/<pid>/stat`. */
const ticksPerSecond = 100;

/** Reports start, memory and idle time of ten hosts. */
export async function run(report: Report): Promise<void> {
  await using folder = await makeTempFolder({ "empty.ts": "" });
  const floors: number[] = [];
  const starts: number[] = [];
  const pids: number[] = [];
  const files = Array.from({ length: hosts }, (_, at) => [`agent_${at}.ts`, agentText(at)]);
  await using stage = await BusStage.open(Object.fromEntries(files), "process");
  for (let at = 0; at < hosts; at++) {
    floors.push(await timed(() => runEmpty(`${folder.path}/empty.ts`)));
    starts.push(
      await timed(async () => {
        pids.push(Number(await stage.ask(`agent_${at}.pid`, "{}")));
      }),
    );
  }
  report.add({
    case: "a process host's first answer",
    value: median(starts),
    unit: "ms",
    floor: median(floors),
  });
  report.add({
    case: "PSS of a process host",
    value: median(await Promise.all(pids.map(pssMb))),
    unit: "MB",
  });
  const before = await coreMs(pids);
  await new Promise((resolve) => setTimeout(resolve, idleMs));
  report.add({
    case: "ten idle ones together",
    value: 100 * (await coreMs(pids) - before) / idleMs,
    unit: "% of a core",
  });
}

function agentText(at: number): string {
  return `import { defineAgent, z } from "100ac";
export default defineAgent({
  id: "agent_${at}",
  description: "One of many",
  isolation: "alone",
  capabilities: {
    pid: { description: "Its process", input: z.object({}), output: z.int(), run: () => Deno.pid },
  },
});
`;
}

async function timed(act: () => Promise<unknown>): Promise<number> {
  const startedAtMs = performance.now();
  await act();
  return performance.now() - startedAtMs;
}

function runEmpty(path: string): Promise<Deno.CommandStatus> {
  return new Deno.Command(Deno.execPath(), { args: ["run", path] }).spawn().status;
}

async function pssMb(pid: number): Promise<number> {
  const text = await Deno.readTextFile(`/proc/${pid}/smaps_rollup`);
  return Number(/^Pss:\s+(\d+) kB$/m.exec(text)?.[1]) / 1_024;
}

/** The time of a core that the processes have taken so far, in milliseconds. */
async function coreMs(pids: readonly number[]): Promise<number> {
  const times = await Promise.all(pids.map(async (pid) => {
    const fields = (await Deno.readTextFile(`/proc/${pid}/stat`)).split(") ")[1]?.split(" ") ?? [];
    return (Number(fields[11]) + Number(fields[12])) * 1_000 / ticksPerSecond;
  }));
  return times.reduce((sum, ms) => sum + ms, 0);
}
