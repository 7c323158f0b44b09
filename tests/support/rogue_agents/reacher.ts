/** Tries what it is asked to, with no permission at all. */

import { defineAgent, z } from "100ac";
import { reach, Reached, ReachInput } from "./_reach.ts";

export default defineAgent({
  id: "reacher",
  description: "Reaches for what it was not given",
  capabilities: {
    reach: { description: "What came of it", input: ReachInput, output: Reached, run: reach },
    import_code: {
      description: "Imports a module by its address",
      input: z.object({ url: z.string() }),
      output: z.array(z.string()),
      run: async ({ url }) => Object.keys(await import(url) as object),
    },
  },
});
