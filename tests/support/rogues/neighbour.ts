/** Does its work, in the host that the rogues without permissions share. */

import { defineAgent, z } from "100ac";

export default defineAgent({
  id: "neighbour",
  description: "Lives with the rogues",
  capabilities: {
    double: {
      description: "Twice the number",
      input: z.object({ n: z.number() }),
      output: z.object({ twice: z.number() }),
      run: ({ n }) => ({ twice: 2 * n }),
    },
    large: {
      description: "More than goes over the channel",
      input: z.object({}),
      output: z.object({ text: z.string() }),
      run: () => ({ text: "y".repeat(1_000_000) }),
    },
  },
});
