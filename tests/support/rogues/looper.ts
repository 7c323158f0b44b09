/** Holds its thread: a loop in a thread can't be stopped, so each ends by itself. */

import { defineAgent, z } from "100ac";

const Nothing = z.object({});

function loop(ms: number): void {
  const untilMs = performance.now() + ms;
  while (performance.now() < untilMs);
}

export default defineAgent({
  id: "looper",
  description: "Loops",
  capabilities: {
    before_await: {
      description: "Loops at once",
      input: Nothing,
      output: Nothing,
      run: () => {
        loop(30_000);
        return {};
      },
    },
    after_await: {
      description: "Loops where no budget reaches",
      input: Nothing,
      output: Nothing,
      run: async () => {
        await Promise.resolve();
        loop(4_500);
        return {};
      },
    },
    behave: { description: "Behaves", input: Nothing, output: Nothing, run: () => ({}) },
  },
});
