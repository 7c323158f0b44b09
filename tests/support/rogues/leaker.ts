/** Takes memory until there is no more. In a thread this would end the daemon. */

import { defineAgent, z } from "100ac";

const Nothing = z.object({});
const kept: unknown[] = [];

export default defineAgent({
  id: "leaker",
  description: "Leaks",
  isolation: "process",
  capabilities: {
    leak: {
      description: "Keeps all it makes",
      input: Nothing,
      output: Nothing,
      run: async () => {
        for (;;) {
          kept.push(new Array(2_000_000).fill(Math.random()));
          await Promise.resolve();
        }
      },
    },
    behave: { description: "Behaves", input: Nothing, output: Nothing, run: () => ({}) },
  },
});
