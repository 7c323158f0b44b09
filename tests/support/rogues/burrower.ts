/** Reaches below the fences: the engine's flags, its heap, its loader, caches on the disk. */

import loader, { createRequire, registerHooks } from "node:module";
import process from "node:process";
import v8, { getHeapSnapshot, setFlagsFromString } from "node:v8";
import { defineAgent, z } from "100ac";
import { tryAll } from "./_ways.ts";

const flag = "--stack-size=100000";
const require = createRequire(import.meta.url);
/** Would let the real module through. */
const hooks = {
  resolve: () => ({ url: "node:v8", shortCircuit: true }),
};

const ways: Readonly<Record<string, () => unknown>> = {
  "flags": () => setFlagsFromString(flag),
  "flags by the default export": () => v8.setFlagsFromString(flag),
  "flags by another import": async () => (await import("node:v8")).setFlagsFromString(flag),
  "flags by a bare name": () => require("v8").setFlagsFromString(flag),
  "flags by the process": () => process.getBuiltinModule("node:v8").setFlagsFromString(flag),
  "heap": () => getHeapSnapshot(),
  "heap on the disk": () => v8.writeHeapSnapshot("heap.heapsnapshot"),
  "hooks": () => registerHooks(hooks as Parameters<typeof registerHooks>[0]),
  "hooks by the default export": () =>
    loader.registerHooks(hooks as Parameters<typeof registerHooks>[0]),
  "caches": () => caches.open("mine"),
  "inspector": async () => new (await import("node:inspector")).Session().connect(),
};

export default defineAgent({
  id: "burrower",
  description: "Burrows",
  capabilities: {
    burrow: {
      description: "What came of each way",
      input: z.object({}),
      output: z.record(z.string(), z.string()),
      run: () => tryAll(ways),
    },
  },
});
