/**
 * The daemon's program: supervises the daemon, which it starts as a process of its own; with
 * `AC100_SUPERVISE=0` it is the daemon.
 */

import { endWithStdinFlag, superviseDaemon } from "./core/supervisor.ts";

const [unknown] = Deno.args.filter((arg) => arg !== endWithStdinFlag);
if (unknown !== undefined) {
  const found = `Cannot start with "${unknown}": the daemon takes no arguments`;
  const advice = "set AC100_… variables, which docs/operations.md lists";
  await Deno.stderr.write(new TextEncoder().encode(`${found}; ${advice}\n`));
  Deno.exit(2);
}

// What is neither on nor off is left to the daemon, which refuses it with all that is wrong.
if (["1", "", undefined].includes(Deno.env.get("AC100_SUPERVISE"))) {
  Deno.exit(await superviseDaemon(import.meta.url));
} else {
  // Imported only here: a supervisor holds nothing of the daemon in memory.
  const { runDaemon } = await import("./core/daemon/process.ts");
  await runDaemon({ endsWithStdin: Deno.args.includes(endWithStdinFlag) });
}
