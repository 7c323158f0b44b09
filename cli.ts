/** The command line: `deno task cli`, or compiled into one file by `deno task compile`. */

import type { LoadOffline } from "./core/cli/line/offline.ts";
import { runCli } from "./core/cli/main.ts";
import { processTerminal } from "./core/cli/terminal.ts";

const env = (name: string): string | undefined => Deno.env.get(name);
const isSource = import.meta.url.endsWith("/cli.ts") && !Deno.build.standalone;
const terminal = processTerminal(isSource ? "deno task cli" : "100ac", env);

/** By a computed name: the compiled program holds no driver of the database. */
const loadOffline: LoadOffline = async () => {
  const { href } = new URL("core/daemon/offline.ts", import.meta.url);
  return (await import(href)).offline;
};

Deno.exit(await runCli(Deno.args, terminal, env, isSource ? loadOffline : undefined));
