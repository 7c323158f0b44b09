/**
 * What followers cost: CPU time of the daemon's own thread for each execution that runs, while 500
 * readers follow 500 executions, beside the same without readers (the floor). Two cases: the
 * executions that run are those that are followed; and others run, while the followed ones wait.
 * Readers live in a process of their own. Rounds with and without readers take turns in one daemon.
 */

import { join } from "node:path";
import type { ExecutionView, SystemView } from "../../core/http/api.ts";
import { type ChildScript, startScript } from "../support/child_script.ts";
import { type DaemonProcess, startDaemonProcess, token } from "../support/daemon_process.ts";
import { makeTempFolder } from "../support/temp_folder.ts";
import { median, type Report } from "./report.ts";

export const name = "streams";

/** As many as there are places for followers. */
const executions = 500;
const rounds = 5;
const pollMs = 200;

const agent = `import { defineAgent, z } from "100ac";
export default defineAgent({
  id: "worker",
  description: "Takes its time",
  capabilities: {
    work: {
      description: "Answers after a while",
      input: z.object({ ms: z.number() }),
      output: z.object({ ms: z.number() }),
      run: async ({ ms }, { signal }) => {
        const { promise, resolve } = Promise.withResolvers();
        const timer = setTimeout(resolve, ms);
        signal.addEventListener("abort", () => { clearTimeout(timer); resolve(); });
        await promise;
        return { ms };
      },
    },
  },
});
`;

/** The first step takes so long that all readers come during it. */
const workflows = {
  followed: workflow("followed", [5_000, ...Array(10).fill(200)]),
  others: workflow("others", Array(10).fill(0)),
  waiting: workflow("waiting", [3_600_000]),
};

function workflow(name: string, steps: readonly number[]): string {
  const called = "agent: worker, capability: work, timeout: 2h";
  const lines = steps.map((ms, index) =>
    `  - { name: step_${index}, ${called}, params: { ms: ${ms} } }`
  );
  return `name: ${name}\nsteps:\n${lines.join("\n")}\n`;
}

interface Cost {
  readonly value: number;
  readonly floor: number;
}

/** Reports the thread's CPU time for each execution, with readers and without. */
export async function run(report: Report): Promise<void> {
  await using folder = await makeTempFolder();
  await using daemon = await startDaemon(folder.path);
  const unit = "µs of the thread";
  report.add({
    case: "an execution of 11 steps that is followed",
    unit,
    ...await compare(async (isRead) => {
      const ids = await start(daemon, "followed");
      await using _readers = isRead ? await openReaders(daemon, ids) : undefined;
      return await cpuUntil(daemon, 0);
    }),
  });
  const waiting = await start(daemon, "waiting");
  report.add({
    case: "one of 10 steps beside 500 that are followed",
    unit,
    ...await compare(async (isRead) => {
      await using _readers = isRead ? await openReaders(daemon, waiting) : undefined;
      return await cpuUntil(daemon, executions, () => start(daemon, "others"));
    }),
  });
}

/** With readers and without, by turns; the first pair warms up. */
async function compare(measure: (isRead: boolean) => Promise<number>): Promise<Cost> {
  const read: number[] = [];
  const unread: number[] = [];
  for (let round = 0; round <= rounds; round++) {
    const pair = [await measure(false), await measure(true)] as const;
    if (round === 0) continue;
    unread.push(pair[0]);
    read.push(pair[1]);
  }
  return { value: median(read), floor: median(unread) };
}

async function startDaemon(folder: string): Promise<DaemonProcess> {
  const agents = join(folder, "agents");
  const definitions = join(folder, "workflows");
  await Deno.mkdir(agents);
  await Deno.mkdir(definitions);
  await Deno.writeTextFile(join(agents, "worker.ts"), agent);
  for (const [name, text] of Object.entries(workflows)) {
    await Deno.writeTextFile(join(definitions, `${name}.yaml`), text);
  }
  return await startDaemonProcess({
    AC100_DATA_DIR: join(folder, "data"),
    AC100_AGENTS_DIR: agents,
    AC100_WORKFLOWS_DIR: definitions,
    AC100_MAX_CONCURRENT: "1000",
  });
}

/** As many executions as there are readers; gives their ids. */
async function start(daemon: DaemonProcess, workflow: string): Promise<string[]> {
  const ids: string[] = [];
  for (let count = 0; count < executions; count++) {
    const response = await daemon.api(`/workflows/${workflow}/executions`, { method: "POST" });
    ids.push((await response.json() as ExecutionView).execution_id);
  }
  return ids;
}

function openReaders(daemon: DaemonProcess, ids: readonly string[]): Promise<ChildScript> {
  const urls = ids.map((id) => `${daemon.url}/api/v1/executions/${id}/events`);
  return startScript("event_readers.ts", [token, ...urls]);
}

/**
 * CPU time of the daemon's thread from `begin` until no more than `openMax` executions are open,
 * in µs for each execution.
 */
async function cpuUntil(
  daemon: DaemonProcess,
  openMax: number,
  begin: () => Promise<unknown> = () => Promise.resolve(),
): Promise<number> {
  const before = await threadCpuUs(daemon.pid);
  await begin();
  for (;;) {
    const response = await daemon.api("/system");
    const { executions: { pending, running } } = await response.json() as SystemView;
    if (pending + running <= openMax) break;
    await new Promise((resolve) => setTimeout(resolve, pollMs));
  }
  return (await threadCpuUs(daemon.pid) - before) / executions;
}

/** CPU time of a process' first thread, which runs the daemon's JavaScript. */
async function threadCpuUs(pid: number): Promise<number> {
  const text = await Deno.readTextFile(`/proc/${pid}/task/${pid}/schedstat`);
  return Number(text.split(" ")[0]) / 1_000;
}
