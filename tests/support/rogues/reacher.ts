/** Reaches for what it was not given. */

import { readFileSync } from "node:fs";
import { defineAgent, z } from "100ac";
import { tryAll } from "./_ways.ts";

const ways: Readonly<Record<string, (secret: string) => unknown>> = {
  read: (secret) => Deno.readTextFile(secret),
  "read through node:fs": (secret) => readFileSync(secret),
  write: (secret) => Deno.writeTextFile(`${secret}.mine`, ""),
  link: (secret) => Deno.symlink(secret, `${secret}.link`),
  net: () => fetch("http://127.0.0.1:8101/"),
  listen: () => Deno.listen({ port: 0 }),
  env: () => Deno.env.get("AC100_TOKEN"),
  "env through node:process": () => process.env["AC100_TOKEN"],
  run: () => new Deno.Command("true").output(),
  kill: () => Deno.kill(1, "SIGCONT"),
  sys: () => Deno.hostname(),
  ffi: () => Deno.dlopen("libc.so.6", {}),
  import: () => import(["https:", "", "example.com", "code.js"].join("/")),
  "import of the daemon": () => import(new URL("../daemon.ts", import.meta.resolve("100ac")).href),
};

export default defineAgent({
  id: "reacher",
  description: "Reaches",
  capabilities: {
    reach: {
      description: "What came of each way",
      input: z.object({ secret: z.string() }),
      output: z.record(z.string(), z.string()),
      run: ({ secret }) => tryAll(ways, secret),
    },
  },
});
