/** Tries to hear and answer others by what every thread has: channels, ports, messages, threads. */

import { defineAgent, z } from "100ac";

const Way = z.object({ worked: z.boolean(), found: z.string() });

/** What other threads would be told, if this could speak for the daemon. */
const openCommand = {
  kind: "open",
  channel: "guessed",
  address: "host-1",
  daemon: "daemon",
  agents: [],
  budgetMs: 1_000,
};

declare const self: EventTarget & { postMessage(message: unknown): void };

const heard: string[] = [];
self.addEventListener(
  "message",
  (event) => void heard.push(Deno.inspect((event as MessageEvent).data)),
);

const ways: Readonly<Record<string, () => unknown>> = {
  BroadcastChannel: () => new BroadcastChannel("guessed"),
  Worker: () => new Worker("data:text/javascript,new BroadcastChannel('guessed')"),
  postMessage: () => self.postMessage({ kind: "ready", failed: [] }),
  "parent's prototype": () => Object.getPrototypeOf(self).postMessage.call(self, { kind: "beat" }),
  "Deno.internal": () => Reflect.get(Reflect.get(Deno, Reflect.get(Deno, "internal")), "core").ops,
  "deleting globals": () => {
    for (const name of ["setTimeout", "Promise", "JSON", "console"]) {
      if (!Reflect.deleteProperty(globalThis, name)) throw new Error("they can't be deleted");
    }
  },
  "replacing globals": () => {
    for (const name of ["setTimeout", "Promise", "JSON", "console"]) {
      if (!Reflect.set(globalThis, name, undefined)) throw new Error("they can't be replaced");
    }
  },
};

export default defineAgent({
  id: "forger",
  description: "Forges",
  capabilities: {
    forge: {
      description: "What came of each way",
      input: z.object({}),
      output: z.record(z.string(), Way),
      run: () =>
        Object.fromEntries(
          Object.entries(ways).map(([way, go]) => {
            try {
              return [way, { worked: true, found: Deno.inspect(go()) }];
            } catch (thrown) {
              return [way, { worked: false, found: (thrown as Error).message }];
            }
          }),
        ),
    },
    command: {
      description: "Sends its own host commands, as the daemon does",
      input: z.object({}),
      output: z.object({}),
      run: () => {
        const { port1, port2 } = new MessageChannel();
        for (
          const data of [openCommand, { kind: "retire" }, null, { kind: "gone" }]
        ) {
          self.dispatchEvent(new MessageEvent("message", { data, ports: [port1, port2] }));
        }
        port1.close();
        return {};
      },
    },
    heard: {
      description: "What the daemon told its host",
      input: z.object({}),
      output: z.array(z.string()),
      run: () => heard,
    },
  },
});
