/** Asks for what no host can be given. */

import { defineAgent, z } from "100ac";

export default defineAgent({
  id: "grabber",
  description: "Grabs",
  permissions: { run: ["*"], net: ["*"], env: ["*"], read: ["*"], sys: ["*"] },
  capabilities: {
    grab: {
      description: "Runs a command",
      input: z.object({}),
      output: z.object({ code: z.number() }),
      run: async () => ({ code: (await new Deno.Command("true").output()).code }),
    },
  },
});
