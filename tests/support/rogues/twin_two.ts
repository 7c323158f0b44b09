/** Claims an id that another file claims, too; which of them is meant can't be known. */

import { defineAgent, z } from "100ac";

export default defineAgent({
  id: "twin",
  description: "The second",
  capabilities: {
    who: { description: "Who", input: z.object({}), output: z.string(), run: () => "the second" },
  },
});
