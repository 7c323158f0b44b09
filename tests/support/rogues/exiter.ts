/** Tries every way to end its thread, its process, or what they stand on. */

import process, { chdir, exit, kill } from "node:process";
import { defineAgent, z } from "100ac";

const ways: Readonly<Record<string, () => unknown>> = {
  "Deno.exit": () => Deno.exit(1),
  "process.exit": () => process.exit(1),
  "exit of node:process": () => exit(1),
  "process.abort": () => process.abort(),
  "process.reallyExit": () => (process as unknown as { reallyExit(): void }).reallyExit(),
  "process.kill": () => process.kill(process.pid, "SIGKILL"),
  "kill of node:process": () => kill(process.pid, "SIGKILL"),
  "Deno.kill": () => Deno.kill(Deno.pid, "SIGKILL"),
  "kill of its group": () => process.kill(0, "SIGKILL"),
  "self.close": () => self.close(),
  // the runtime itself gives up at a day that never comes
  "Deno.cron": () => Deno.cron("never", "0 0 31 2 *", () => undefined),
  "Deno.chdir": () => Deno.chdir("/"),
  "chdir of node:process": () => chdir("/"),
};

export default defineAgent({
  id: "exiter",
  description: "Exits",
  capabilities: {
    try_all: {
      description: "What came of each way",
      input: z.object({}),
      output: z.record(z.string(), z.string()),
      run: () =>
        Object.fromEntries(
          Object.entries(ways).map(([way, go]) => {
            try {
              return [way, `worked: ${go()}`];
            } catch (thrown) {
              return [way, (thrown as Error).message];
            }
          }),
        ),
    },
    exit: {
      description: "Exits without a try",
      input: z.object({}),
      output: z.object({}),
      run: () => Deno.exit(1),
    },
  },
});
