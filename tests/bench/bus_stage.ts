/** Hosts of a folder of agents, asked as the engine asks them. */

import { fileURLToPath } from "node:url";
import { Bus } from "../../core/bus/bus.ts";
import { type Channel, openBroadcastChannel } from "../../core/bus/channel.ts";
import { Hub } from "../../core/bus/hub.ts";
import { Hosts } from "../../core/host/hosts.ts";
import { newOpaqueId } from "../../core/ids.ts";
import { createLog } from "../../core/log.ts";
import { makeTempFolder, type TempFolder } from "../support/temp_folder.ts";
import { operatorSettings } from "../support/operator_settings.ts";

const nodeModules = fileURLToPath(new URL("../../node_modules", import.meta.url));
const timeoutMs = 120_000;

export class BusStage implements AsyncDisposable {
  readonly #folder: TempFolder;
  readonly #bus: Bus;
  readonly #hosts: Hosts;

  private constructor(folder: TempFolder, isolation: "thread" | "process") {
    const channel = `bench-${newOpaqueId()}`;
    const hub = new Hub("near", openBroadcastChannel(channel));
    this.#folder = folder;
    this.#bus = openBus(hub);
    this.#hosts = new Hosts({
      agentsFolder: folder.path,
      keptFolder: `${folder.path}/.kept`,
      readable: [nodeModules],
      bus: this.#bus,
      hub,
      channel,
      daemon: "near",
      watchdogMs: 5_000,
      heapMb: 64,
      isolation,
      log: createLog({ threshold: "off", write: () => undefined, pretty: false }),
      settings: operatorSettings(folder.path),
    });
  }

  /** Hosts of these agent files, by name. */
  static async open(
    files: Readonly<Record<string, string>>,
    isolation: "thread" | "process" = "thread",
  ): Promise<BusStage> {
    const stage = new BusStage(await makeTempFolder(files), isolation);
    await stage.#hosts.open();
    return stage;
  }

  ask(address: string, input: string): Promise<string> {
    // One of its own for each, as the engine has it: listeners of one signal are a list.
    const { signal } = new AbortController();
    return this.#hosts.invoke({ address, input, caller: "bench", timeoutMs, signal });
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.#hosts.close();
    this.#bus.close();
    await this.#folder[Symbol.asyncDispose]();
  }
}

/** The near end, which nobody asks. */
export function openBus(channel: Channel): Bus {
  return new Bus({ channel, address: "near", onRequest: ({ input }) => Promise.resolve(input) });
}

/** Agents `echo_0`, `echo_1`, …, all alike, which give a message back. */
export function echoAgents(count: number, permissions = "{}"): Record<string, string> {
  return Object.fromEntries(
    Array.from({ length: count }, (_, n) => [
      `echo_${n}.ts`,
      `import { defineAgent, z } from "100ac";
const seen = new Map();
export default defineAgent({
  id: "echo_${n}",
  description: "Echoes",
  permissions: ${permissions},
  capabilities: {
    echo: {
      description: "Gives the message back",
      input: z.object({ message: z.string() }),
      output: z.object({ message: z.string() }),
      run: ({ message }) => ({ message }),
    },
    count: {
      description: "Gives the number back, with how often it came",
      input: z.object({ n: z.int() }),
      output: z.array(z.int()),
      run: ({ n }) => {
        const times = (seen.get(n) ?? 0) + 1;
        seen.set(n, times);
        return [n, times];
      },
    },
  },
});
`,
    ]),
  );
}

/** Agents that loop, leak and throw, each on one request, without end. */
export const rogueAgents: Readonly<Record<string, string>> = {
  "rogue.ts": `import { defineAgent, z } from "100ac";
const Nothing = z.object({});
const kept = [];
const does = (run) => ({ description: "d", input: Nothing, output: Nothing, run });
export default defineAgent({
  id: "rogue",
  description: "Misbehaves, in a process",
  isolation: "process",
  capabilities: {
    loop: does(() => { for (;;); }),
    leak: does(async () => {
      for (;;) { kept.push(new Array(100_000).fill(Math.random())); await null; }
    }),
    throw: does(() => {
      setTimeout(() => { throw new Error("later"); });
      throw new Error("at once");
    }),
  },
});
`,
};
