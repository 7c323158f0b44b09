/** Asks the healthy agent again and again, from a third host, and notes how long each took. */

import { defineAgent, z } from "100ac";

const Answer = z.object({ twice: z.number() });

export default defineAgent({
  id: "prober",
  description: "Measures how long a healthy agent's answers take",
  permissions: { env: ["LANG"] },
  capabilities: {
    watch: {
      description: "Asks every 20 ms, whether or not earlier requests are answered",
      input: z.object({ seconds: z.number() }),
      output: z.object({ ms: z.array(z.number()), failures: z.array(z.string()) }),
      run: async ({ seconds }, ctx) => {
        const ms: number[] = [];
        const failures: string[] = [];
        const asked: Promise<void>[] = [];
        const ask = async (): Promise<void> => {
          const askedAtMs = performance.now();
          try {
            await ctx.request("healthy.double", { n: 1 }, Answer);
            ms.push(performance.now() - askedAtMs);
          } catch (thrown) {
            failures.push(String(thrown));
          }
        };
        for (const untilMs = performance.now() + seconds * 1_000; performance.now() < untilMs;) {
          asked.push(ask());
          await new Promise((resolve) => setTimeout(resolve, 20));
        }
        await Promise.all(asked);
        return { ms, failures };
      },
    },
  },
});
