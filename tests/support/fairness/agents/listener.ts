/** Loops where nobody has asked it for anything: in event handlers, and in errors that are read. */

import { defineAgent, z } from "100ac";

/** Loops for good. */
function loop(): never {
  for (;;);
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
  },
  on: {
    "fair.loop_late": async () => {
      await Promise.resolve();
      await new Promise((resolve) => setTimeout(resolve, 1));
      loop();
    },
    "fair.loop_now": () => loop(),
    "fair.reject": () => {
      const error = new Error("looping");
      Object.defineProperty(error, "message", { get: loop });
      void Promise.reject(error);
    },
    "fair.reject_stack": () => {
      const error = new Error("looping");
      Object.defineProperty(error, "stack", { get: loop });
      void Promise.reject(error);
    },
  },
});
