/**
 * An engine in a process of its own, to be killed: `start URL LOG` starts executions without end,
 * `drain URL LOG` brings what is there to its end. The log has a line for each thing done:
 * `started ID` once it was acknowledged, `ran KEY/STEP` as an agent is asked.
 */

import { Definitions } from "../../core/engine/definitions.ts";
import { Engine } from "../../core/engine/engine.ts";
import { openStandardLog } from "../../core/log.ts";
import { openStore } from "../../core/store/sqlite/open.ts";
import { parseWorkflows } from "../../core/workflow/form/parse.ts";
import { endWithTest, sayReady } from "./child_script.ts";
import { eventually } from "./eventually.ts";
import { migrationsFolder } from "./temp_store.ts";

const [mode, url = "", logPath = ""] = Deno.args;
/** What the agents take, in turn. */
const workMs = [0, 1, 2, 4];
const startersCount = 10;
const startEveryMs = 20;

const log = Deno.openSync(logPath, { create: true, append: true });

function note(line: string): void {
  log.writeSync(new TextEncoder().encode(`${line}\n`));
}

function newWorkflow(): ReturnType<typeof parseWorkflows>["workflows"][number] {
  const key = crypto.randomUUID();
  const steps = ["one", "two", "three"].map((name) => ({
    name,
    agent: "agent",
    capability: name,
    params: { run: `${key}/${name}` },
  }));
  const { workflows: [workflow] } = parseWorkflows(JSON.stringify({ name: "crash", steps }), "");
  if (!workflow) throw new Error("the script's own workflow is wrong");
  return workflow;
}

function pause(ms: number): Promise<void> {
  return new Promise((resolve) => setTimeout(resolve, ms));
}

// Before anything is open, so that a kill finds every instant of the opening too.
sayReady();
const store = await openStore({
  url,
  migrationsFolder,
  onFatal: (error) => {
    throw error;
  },
});
let asked = 0;
const engine = new Engine({
  store,
  definitions: new Definitions(store),
  invoke: async (_address, input) => {
    note(`ran ${JSON.parse(input).run}`);
    await pause(workMs[asked++ % workMs.length] ?? 0);
    return "null";
  },
  publish: () => undefined,
  concurrentMax: 5,
  log: openStandardLog("warn"),
});
await engine.open();
if (mode === "start") {
  const start = async (): Promise<void> => {
    for (;;) {
      note(`started ${(await engine.start(newWorkflow())).executionId}`);
      await pause(startEveryMs);
    }
  };
  await Promise.race([endWithTest(), ...Array.from({ length: startersCount }, start)]);
}
await eventually(
  async () => engine.runningCount === 0 && await store.read({ read: "pending_count" }) === 0,
  { withinMs: 30_000 },
);
await engine.close(1_000);
await store.close();
await endWithTest();
