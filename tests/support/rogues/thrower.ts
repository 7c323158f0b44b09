/** Throws wherever it can, and what nobody expects. */

import { AppError, defineAgent, z } from "100ac";

const Nothing = z.object({});

/** Throws itself when its message is read, or when it is made a text. */
const hedgehog: object = Object.defineProperties(new Error(), {
  message: {
    get: () => {
      throw hedgehog;
    },
  },
  toString: {
    value: () => {
      throw hedgehog;
    },
  },
});

function throws(description: string, run: () => unknown) {
  return { description, input: Nothing, output: Nothing, run: run as () => Record<string, never> };
}

function throwIt(thrown: unknown): never {
  throw thrown;
}

export default defineAgent({
  id: "thrower",
  description: "Throws",
  capabilities: {
    at_once: throws("Before its first await", () => throwIt(new Error("at once"))),
    later: throws("After it", async () => {
      await Promise.resolve();
      throw new Error("later");
    }),
    nothing: throws("undefined", () => throwIt(undefined)),
    bare: throws("An object without a prototype", () => throwIt(Object.create(null))),
    hedgehog: throws("What throws when it is looked at", () => throwIt(hedgehog)),
    made_up_code: throws("A code that there is not", () => {
      throw Object.assign(new AppError("not_found", "Cannot find it"), { code: "made_up" });
    }),
    large: throws("A message of 50 MB", () => throwIt(new Error("x".repeat(50_000_000)))),
    in_timer: throws("In a timer, and answers", () => {
      setTimeout(() => throwIt(new Error("in a timer")));
      setTimeout(() => throwIt(hedgehog));
      return {};
    }),
    in_promise: throws("In a promise that nobody waits for, and answers", () => {
      void Promise.reject(new Error("in a promise"));
      void Promise.reject(hedgehog);
      return {};
    }),
    without_end: throws("In every turn for a second, and answers", () => {
      const timer = setInterval(() => throwIt(new Error("again")));
      setTimeout(() => clearInterval(timer), 1_000);
      return {};
    }),
  },
  on: {
    "execution.*": () => throwIt(new Error("in a handler")),
  },
});
