/** Tries the same by what node:worker_threads has for it, and by the host's own modules. */

import * as threads from "node:worker_threads";
import process from "node:process";
import { createRequire } from "node:module";
import { defineAgent, z } from "100ac";

const Way = z.object({ worked: z.boolean(), found: z.string() });

/** Gives the class to one who was told where the host keeps it. */
async function own(file: string, name: string): Promise<{ prototype: Record<string, unknown> }> {
  const module = await import(new URL(file, import.meta.resolve("100ac")).href);
  return (module as Record<string, { prototype: Record<string, unknown> }>)[name] ?? {
    prototype: {},
  };
}

const ways: Readonly<Record<string, () => unknown>> = {
  BroadcastChannel: () => new threads.BroadcastChannel("guessed"),
  "subclass of BroadcastChannel": () => new (class extends threads.BroadcastChannel {})("guessed"),
  Worker: () => new threads.Worker("process.abort()", { eval: true }),
  parentPort: () => threads.parentPort?.postMessage({ kind: "ready", failed: [] }),
  "require of node:worker_threads": () => {
    const found = createRequire(import.meta.url)("node:worker_threads") as typeof threads;
    return new found.BroadcastChannel("guessed");
  },
  getBuiltinModule: () => {
    const found = process.getBuiltinModule("node:worker_threads");
    return new found.BroadcastChannel("guessed");
  },
  "Bus of the host": async () => {
    const { prototype } = await own("bus/bus.ts", "Bus");
    prototype["request"] = () => Promise.resolve(`"forged"`);
  },
  "Endpoint of the host": async () => {
    const { prototype } = await own("bus/endpoint.ts", "Endpoint");
    prototype["send"] = () => undefined;
  },
  "AgentRunner of the host": async () => {
    const { prototype } = await own("host/agent_runner.ts", "AgentRunner");
    prototype["answer"] = () => Promise.resolve(`"forged"`);
  },
};

export default defineAgent({
  id: "node_forger",
  description: "Forges with node:worker_threads",
  capabilities: {
    forge: {
      description: "What came of each way",
      input: z.object({}),
      output: z.record(z.string(), Way),
      run: async () => {
        const found: Record<string, z.infer<typeof Way>> = {};
        for (const [way, go] of Object.entries(ways)) {
          try {
            const result = await go();
            if (result === undefined && way === "parentPort") throw new Error("there is none");
            found[way] = { worked: true, found: Deno.inspect(result) };
          } catch (thrown) {
            found[way] = { worked: false, found: (thrown as Error).message };
          }
        }
        return found;
      },
    },
  },
});
