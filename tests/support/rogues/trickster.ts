/** Answers with what does something when it is looked at, and publishes the like. */

import { type AgentContext, defineAgent, z } from "100ac";

const Nothing = z.object({});

function forever(): never {
  for (;;);
}

function throws(): never {
  throw new Error("do not look");
}

/** Nested as deep as no text of it can be. */
function deep(): unknown {
  let inner: unknown = null;
  for (let depth = 0; depth < 50_000; depth++) inner = [inner];
  return inner;
}

function answers(description: string, run: (input: unknown, ctx: AgentContext) => unknown) {
  return { description, input: Nothing, output: z.unknown(), run };
}

export default defineAgent({
  id: "trickster",
  description: "Tricks",
  capabilities: {
    has_trap: answers("Loops when it is asked for a key", () => new Proxy({}, { has: forever })),
    throwing_trap: answers("Throws then", () => new Proxy({}, { has: throws, get: throws })),
    then_getter: answers(
      "Throws when it is awaited",
      () => Object.defineProperty({}, "then", { get: throws }),
    ),
    two_thens: answers("Is awaited, and calls back thrice", () => ({
      then: (resolve: (answer: number) => void, reject: (thrown: unknown) => void) => {
        resolve(1);
        reject(new Error("both"));
        resolve(2);
      },
    })),
    late_json: answers("Loops when it is made a text, after an await", async () => {
      await Promise.resolve();
      return { toJSON: forever };
    }),
    deep: answers("Has 50,000 levels", deep),
    big_number: answers("What JSON does not know", () => 2n ** 64n),
    blocked: answers(
      "Waits for what nobody wakes",
      () => Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0, 30_000),
    ),
    publish_getter: answers(
      "Publishes what throws when it is read",
      (_, ctx) =>
        ctx.publish(
          "trick.played",
          Object.defineProperty({}, "x", { get: throws, enumerable: true }),
        ),
    ),
    ask_loop: answers(
      "Asks with what loops when it is read",
      (_, ctx) => ctx.request("neighbour.double", { toJSON: forever }, z.unknown()),
    ),
  },
});
