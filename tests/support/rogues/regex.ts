/** Puts a pattern into its schema that takes years to say no. */

import { defineAgent, z } from "100ac";

export default defineAgent({
  id: "regex",
  description: "Matches",
  capabilities: {
    match: {
      description: "Takes what its pattern takes",
      input: z.object({ text: z.string().regex(/^(a|a?)+$/) }),
      output: z.object({}),
      run: () => ({}),
    },
  },
});
