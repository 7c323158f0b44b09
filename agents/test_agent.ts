/** The smallest useful agent: shows that requests, types and errors travel. */

import { defineAgent, z } from "100ac";

export default defineAgent({
  id: "test_agent",
  description: "Echoes and adds, to show that the way to an agent is open",
  capabilities: {
    echo: {
      description: "Gives the message back",
      input: z.object({ message: z.string() }),
      output: z.object({ message: z.string() }),
      idempotent: true,
      run: ({ message }) => ({ message }),
    },
    add: {
      description: "The sum of two numbers",
      input: z.object({ a: z.number(), b: z.number() }),
      output: z.object({ result: z.number() }),
      idempotent: true,
      run: ({ a, b }) => ({ result: a + b }),
    },
  },
});
