/** Never answers, or long after anybody waits. */

import { defineAgent, z } from "100ac";

const Nothing = z.object({});

export default defineAgent({
  id: "sleeper",
  description: "Sleeps",
  capabilities: {
    sleep: {
      description: "Never answers, whatever its signal says",
      input: Nothing,
      output: Nothing,
      run: () => new Promise<never>(() => undefined),
    },
    oversleep: {
      description: "Answers after its deadline",
      input: Nothing,
      output: z.object({ late: z.boolean() }),
      run: () =>
        new Promise<{ late: boolean }>((resolve) =>
          setTimeout(() => resolve({ late: true }), 1_500)
        ),
    },
  },
});
