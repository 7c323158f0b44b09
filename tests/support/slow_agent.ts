/**
 * An agent that takes its time and leaves a trace: what tests of interruption and cancelling need.
 * It and its workflow are written into a temporary folder, for its permission names a file there.
 */

import { join } from "node:path";

export interface SlowWorld {
  /** For AC100_AGENTS_DIR and AC100_WORKFLOWS_DIR. */
  readonly environment: Readonly<Record<string, string>>;
  /** A line for each time a step was begun, and for each time it was done: `begin one`. */
  trace(): Promise<string[]>;
}

/** A workflow `slow` of steps `one`, `two`, `three`; `two` takes `ms` milliseconds. */
export async function makeSlowWorld(folder: string, ms: number): Promise<SlowWorld> {
  const agents = join(folder, "agents");
  const workflows = join(folder, "workflows");
  const trace = join(folder, "trace.log");
  await Deno.mkdir(agents);
  await Deno.mkdir(workflows);
  await Deno.writeTextFile(trace, "");
  await Deno.writeTextFile(join(agents, "slow_agent.ts"), agentText(trace));
  await Deno.writeTextFile(join(workflows, "slow.yaml"), workflowText(ms));
  return {
    environment: { AC100_AGENTS_DIR: agents, AC100_WORKFLOWS_DIR: workflows },
    trace: async () => (await Deno.readTextFile(trace)).trim().split("\n").filter(Boolean),
  };
}

function agentText(trace: string): string {
  return `import { defineAgent, z } from "100ac";
const note = (text) => Deno.writeTextFile(${JSON.stringify(trace)}, text + "\\n", { append: true });
export default defineAgent({
  id: "slow_agent",
  description: "Takes its time and leaves a trace",
  permissions: { write: [${JSON.stringify(trace)}] },
  capabilities: {
    work: {
      description: "Waits, unless it is aborted",
      input: z.object({ name: z.string(), ms: z.number() }),
      output: z.object({ name: z.string() }),
      async run({ name, ms }, ctx) {
        await note("begin " + name);
        await new Promise((resolve) => {
          const timer = setTimeout(resolve, ms);
          ctx.signal.addEventListener("abort", () => { clearTimeout(timer); resolve(); });
        });
        await note((ctx.signal.aborted ? "aborted " : "done ") + name);
        return { name };
      },
    },
  },
});
`;
}

function workflowText(ms: number): string {
  const step = (name: string, takes: number): string =>
    `  - name: ${name}\n    agent: slow_agent\n    capability: work\n` +
    `    params: { name: ${name}, ms: ${takes} }\n`;
  return `name: slow\nsteps:\n${step("one", 0)}${step("two", ms)}${step("three", 0)}`;
}
