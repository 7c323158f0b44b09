/** Does its work, in a host of its own. What it answers is nobody else's to hear. */

import { defineAgent, z } from "100ac";

export default defineAgent({
  id: "healthy",
  description: "Answers every request, whatever the others do",
  permissions: { env: ["HOME"] },
  capabilities: {
    double: {
      description: "Twice the number",
      input: z.object({ n: z.number() }),
      output: z.object({ twice: z.number(), whisper: z.string() }),
      run: ({ n }) => ({ twice: 2 * n, whisper: "the password is swordfish" }),
    },
  },
});
