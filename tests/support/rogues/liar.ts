/** Says one thing in its schemas and does another. */

import { defineAgent, z } from "100ac";

const Nothing = z.object({});
let answers = 0;

export default defineAgent({
  id: "liar",
  description: "Lies",
  capabilities: {
    wrong: {
      description: "A text for a number",
      input: Nothing,
      output: z.object({ price: z.number() }),
      run: () => ({ price: "high" as unknown as number }),
    },
    circle: {
      description: "What JSON can't hold",
      input: Nothing,
      output: z.unknown(),
      run: () => {
        const circle: { circle?: unknown } = {};
        circle.circle = circle;
        return circle;
      },
    },
    huge: {
      description: "68 MB",
      input: Nothing,
      output: z.string(),
      run: () => "x".repeat(68_000_000),
    },
    twice: {
      description: "Answers twice",
      input: Nothing,
      output: z.number(),
      run: () =>
        new Promise<number>((resolve) => {
          resolve(++answers);
          resolve(++answers);
        }),
    },
    fickle: {
      description: "Lets its answer be another each time it is read",
      input: Nothing,
      output: z.unknown(),
      run: () => ({ toJSON: () => "x".repeat(68_000_000) }),
    },
    lazy_then: {
      description: "A thenable that never calls back",
      input: Nothing,
      output: z.unknown(),
      run: () => ({ then: () => undefined }) as unknown as Promise<unknown>,
    },
  },
});
