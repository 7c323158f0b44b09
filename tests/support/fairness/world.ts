/**
 * A real daemon with greedy agents in one host, a healthy one in another and a prober in a third,
 * and the workflows of {@link attacks}.
 */

import { join } from "node:path";
import { type DaemonProcess, startDaemonProcess } from "../daemon_process.ts";
import { makeTempFolder, type TempFolder } from "../temp_folder.ts";
import { attacks } from "./attacks.ts";
import { endOf, probeDuring, start } from "./prober.ts";

const agents = new URL("./agents/", import.meta.url);

export interface FairWorld extends AsyncDisposable {
  readonly daemon: DaemonProcess;
  readonly folder: TempFolder;
}

/** The daemon may run many executions at once, so that none waits for another's place. */
export async function openFairWorld(
  environment: Readonly<Record<string, string>> = {},
): Promise<FairWorld> {
  const folder = await makeTempFolder();
  for await (const { name } of Deno.readDir(agents)) {
    await folder.write(`agents/${name}`, await Deno.readTextFile(new URL(name, agents)));
  }
  const attacking = attacks.flatMap(({ workflows }) => workflows);
  for (const workflow of [watch, warm, tap, ...listeners, ...attacking]) {
    await folder.write(`workflows/${workflow.name}.yaml`, JSON.stringify(workflow));
  }
  const daemon = await startDaemonProcess({
    AC100_AGENTS_DIR: join(folder.path, "agents"),
    AC100_WORKFLOWS_DIR: join(folder.path, "workflows"),
    AC100_DATA_DIR: join(folder.path, "data"),
    AC100_ISOLATION: "worker",
    AC100_MAX_CONCURRENT: "40",
    ...environment,
  });
  // Every host is up before anything is measured.
  await probeDuring(daemon, 0.1, async () => await endOf(daemon, await start(daemon, "warm")));
  return {
    daemon,
    folder,
    [Symbol.asyncDispose]: async () => {
      await daemon[Symbol.asyncDispose]();
      await folder[Symbol.asyncDispose]();
    },
  };
}

const watch = {
  name: "watch",
  inputs: { seconds: { type: "number" } },
  steps: [{
    name: "watch",
    agent: "prober",
    capability: "watch",
    params: { seconds: "${{ inputs.seconds }}" },
    timeout: 120,
  }],
};
const tap = {
  name: "tap",
  inputs: { topic: { type: "string" } },
  steps: [{
    name: "only",
    agent: "hog",
    capability: "tap",
    params: { topic: "${{ inputs.topic }}" },
  }],
};
const listeners = ["listen", "fail"].map((capability) => ({
  name: `listener_${capability}`,
  steps: [{ name: "only", agent: "listener", capability }],
}));
const warm = {
  name: "warm",
  steps: [{ name: "only", agent: "hog", capability: "idle", params: { ms: 1 } }],
};
