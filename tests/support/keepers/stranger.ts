/** An agent that wants what another one keeps. */

import { defineAgent, z } from "100ac";

const anything = z.unknown();

export default defineAgent({
  id: "stranger",
  description: "Looks into what others keep",
  capabilities: {
    pry: {
      description: "Asks the daemon for another's collection, straight",
      input: z.object({ agent: z.string().optional() }),
      output: z.unknown(),
      run: (input, ctx) =>
        ctx.request("collections.list", { collection: "chains", ...input }, anything),
    },
    ask: {
      description: "Asks the agent that keeps it",
      input: z.object({ symbol: z.string() }),
      output: z.unknown(),
      run: (input, ctx) => ctx.request("keeper.look", input, anything),
    },
  },
});
