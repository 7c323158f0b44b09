/**
 * What a daemon costs: the time from starting its process to the first answer of /health, and its
 * resident memory with idle agents and once their host runs, for 3 and for 100 small agents. The
 * floor is a Deno process that answers HTTP and does nothing else.
 */

import { join } from "node:path";
import { startDaemonProcess } from "../support/daemon_process.ts";
import { makeTempFolder } from "../support/temp_folder.ts";
import { median, type Report } from "./report.ts";

export const name = "daemon";

const rounds = 5;

const floorText = `Deno.serve({
  port: 0,
  hostname: "127.0.0.1",
  onListen: ({ port }) => console.log("listening on :" + port + "/"),
}, () => new Response("ok"));`;

interface Cost {
  readonly readyMs: number;
  /** Before anything was asked of an agent. */
  readonly idleMb: number;
  /** Once the host of all agents runs. */
  readonly rssMb: number;
}

/** Reports time to ready and memory for 3 and for 100 agents. */
export async function run(report: Report): Promise<void> {
  const counts = [3, 100];
  const costs = new Map<number, Cost[]>(counts.map((count) => [count, []]));
  const floors: Cost[] = [];
  for (let round = 0; round < rounds; round++) {
    floors.push(await measureFloor());
    for (const count of counts) costs.get(count)?.push(await measureDaemon(count));
  }
  const floorMs = median(floors.map(({ readyMs }) => readyMs));
  const floorMb = median(floors.map(({ rssMb }) => rssMb));
  for (const count of counts) {
    const own = costs.get(count) ?? [];
    report.add({
      case: `ready with ${count} agents`,
      value: median(own.map(({ readyMs }) => readyMs)),
      unit: "ms",
      floor: floorMs,
    });
    report.add({
      case: `RSS with ${count} idle agents`,
      value: median(own.map(({ idleMb }) => idleMb)),
      unit: "MB",
      floor: floorMb,
    });
    report.add({
      case: `RSS with ${count} agents and their host running`,
      value: median(own.map(({ rssMb }) => rssMb)),
      unit: "MB",
      floor: floorMb,
    });
  }
}

async function measureDaemon(agents: number): Promise<Cost> {
  await using folder = await makeTempFolder();
  const agentsFolder = join(folder.path, "agents");
  await Deno.mkdir(agentsFolder);
  for (let index = 0; index < agents; index++) {
    await Deno.writeTextFile(join(agentsFolder, `agent_${index}.ts`), agentText(index));
  }
  const startedAtMs = performance.now();
  await using daemon = await startDaemonProcess({
    AC100_DATA_DIR: join(folder.path, "data"),
    AC100_AGENTS_DIR: agentsFolder,
    // So that the host is part of the daemon's memory; what processes take, `hosts` measures.
    AC100_ISOLATION: "thread",
    AC100_WORKFLOWS_DIR: await workflowFolder(folder.path),
  });
  await (await fetch(`${daemon.url}/health`)).body?.cancel();
  const readyMs = performance.now() - startedAtMs;
  const idleMb = await residentMb(daemon.pid);
  const started = await daemon.api("/workflows/touch/executions", { method: "POST" });
  const { execution_id: id } = await started.json() as { execution_id: string };
  await (await daemon.api(`/executions/${id}/events`)).text();
  return { readyMs, idleMb, rssMb: await residentMb(daemon.pid) };
}

function agentText(index: number): string {
  return `import { defineAgent, z } from "100ac";
export default defineAgent({
  id: "agent_${index}",
  description: "One of many",
  capabilities: {
    echo: {
      description: "Gives the message back",
      input: z.object({ message: z.string() }),
      output: z.object({ message: z.string() }),
      run: ({ message }) => ({ message }),
    },
  },
});
`;
}

async function workflowFolder(folder: string): Promise<string> {
  const path = join(folder, "workflows");
  await Deno.mkdir(path);
  await Deno.writeTextFile(
    join(path, "touch.yaml"),
    "name: touch\nsteps:\n  - { name: one, agent: agent_0, capability: echo, " +
      "params: { message: hello } }\n",
  );
  return path;
}

async function measureFloor(): Promise<Cost> {
  const startedAtMs = performance.now();
  const child = new Deno.Command(Deno.execPath(), {
    args: ["eval", floorText],
    stdin: "null",
    stdout: "piped",
    stderr: "null",
  }).spawn();
  const port = await readPort(child);
  await (await fetch(`http://127.0.0.1:${port}/`)).body?.cancel();
  const readyMs = performance.now() - startedAtMs;
  const rssMb = await residentMb(child.pid);
  child.kill("SIGKILL");
  await child.status;
  return { readyMs, idleMb: rssMb, rssMb };
}

async function readPort(child: Deno.ChildProcess): Promise<string> {
  const reader = child.stdout.pipeThrough(new TextDecoderStream()).getReader();
  let text = "";
  for (;;) {
    const { value, done } = await reader.read();
    if (done) throw new Error(`the floor's server did not start: ${text}`);
    text += value;
    const port = /:(\d+)\//.exec(text)?.[1];
    if (!port) continue;
    await reader.cancel();
    return port;
  }
}

/** Resident memory as the system counts it, in MB. */
async function residentMb(pid: number): Promise<number> {
  const status = await Deno.readTextFile(`/proc/${pid}/status`);
  return Number(/VmRSS:\s+(\d+)/.exec(status)?.[1] ?? 0) / 1024;
}
