/** Answers at once, in a host of its own: it must not notice what others do. */

import { defineAgent, z } from "100ac";

export default defineAgent({
  id: "healthy",
  description: "Answers at once",
  permissions: { env: ["HOME"] },
  capabilities: {
    double: {
      description: "Twice the number",
      input: z.object({ n: z.number() }),
      output: z.object({ twice: z.number() }),
      run: ({ n }) => ({ twice: 2 * n }),
    },
    measure: {
      description: "The length of a text",
      input: z.object({ text: z.string() }),
      output: z.object({ length: z.int() }),
      run: ({ text }) => ({ length: text.length }),
    },
  },
});
