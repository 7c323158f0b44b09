/** Loops where nobody has asked it for anything: in event handlers, and in errors that are read. */

import { defineAgent, z } from "100ac";

/** Loops for good. */
function loop(): never {
  for (;;);
}

/** An error that loops when one of its properties is read. */
function looping(property: "message" | "stack"): Error {
  return Object.defineProperty(new Error("looping"), property, { get: loop });
}

export default defineAgent({
  id: "listener",
  description: "Loops when it hears of something",
  capabilities: {
    listen: {
      description: "Starts to listen, by being loaded",
      input: z.object({}),
      output: z.object({}),
      run: () => ({}),
    },
    fail: {
      description: "Throws an error that loops when it is read",
      input: z.object({}),
      output: z.object({}),
      run: () => {
        throw looping("message");
      },
    },
  },
  on: {
    "fair.loop_late": async () => {
      await new Promise((resolve) => setTimeout(resolve, 1));
      loop();
    },
    "fair.loop_now": () => loop(),
    "fair.throw": () => {
      throw looping("message");
    },
    "fair.reject": () => {
      void Promise.reject(looping("message"));
    },
    "fair.reject_stack": () => {
      void Promise.reject(looping("stack"));
    },
  },
});
