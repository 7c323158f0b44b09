/** The command line: `deno task cli`, or compiled into one file by `deno task compile`. */

import { runCli } from "./core/cli/main.ts";
import { processTerminal } from "./core/cli/terminal.ts";

const env = (name: string): string | undefined => Deno.env.get(name);
const isSource = import.meta.url.endsWith("/cli.ts") && !Deno.build.standalone;
const terminal = processTerminal(isSource ? "deno task cli" : "100ac", env);

Deno.exit(await runCli(Deno.args, terminal, env));
