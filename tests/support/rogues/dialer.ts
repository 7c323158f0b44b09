/** Looks for a way out of its host that asks nobody: sockets, code from elsewhere, files. */

import { spawnSync } from "node:child_process";
import { connect } from "node:net";
import { defineAgent, z } from "100ac";
import { tryAll } from "./_ways.ts";

const port = 8_100;
const localhost = "127.0.0.1";

/** Settles as an emitter of `open` or `error` does. */
function opens(target: EventTarget): Promise<string> {
  return new Promise((resolve, reject) => {
    target.addEventListener("open", () => resolve("open"));
    target.addEventListener("error", (event) => reject((event as ErrorEvent).error ?? event));
  });
}

const ways: Readonly<Record<string, () => unknown>> = {
  "socket": () => Deno.connect({ port }),
  "socket of node:net": () =>
    new Promise((resolve, reject) => {
      connect(port, localhost).on("connect", resolve).on("error", reject);
    }),
  "web socket": () => opens(new WebSocket(`ws://${localhost}:${port}`)),
  "name server": () => Deno.resolveDns("example.com", "A"),
  "code": () => import(["http:", "", `${localhost}:${port}`, "code.js"].join("/")),
  "file by fetch": () => fetch("file:///etc/hostname"),
  "file by sqlite": async () => new (await import("node:sqlite")).DatabaseSync("/tmp/mine.db"),
  "files by sqlite": async () => {
    const { DatabaseSync } = await import("node:sqlite");
    new DatabaseSync(":memory:").exec("attach '/tmp/mine.db' as mine");
  },
  "process": () => {
    const { error } = spawnSync("true");
    if (error) throw error;
  },
  "thread of code": () => new Worker("data:text/javascript,", { type: "module" }),
};

export default defineAgent({
  id: "dialer",
  description: "Dials",
  capabilities: {
    dial: {
      description: "What came of each way",
      input: z.object({}),
      output: z.record(z.string(), z.string()),
      run: () => tryAll(ways),
    },
  },
});
