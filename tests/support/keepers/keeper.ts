/** An agent that keeps option chains, and does with them what it is asked to. */

import { defineAgent, z } from "100ac";

const Chain = z.object({ symbol: z.string(), strike: z.number(), iv: z.number() });

export default defineAgent({
  id: "keeper",
  description: "Keeps option chains",
  collections: {
    chains: { key: ["symbol", "strike"], schema: Chain, history: true },
  },
  capabilities: {
    keep: {
      description: "Keeps chains, all or none",
      input: z.object({ chains: z.array(Chain), public_at: z.number().optional() }),
      output: z.object({ versions: z.array(z.number()) }),
      async run({ chains, public_at: publicAtMs }, ctx) {
        const puts = chains.map((value) => ({ value, publicAtMs }));
        const kept = await ctx.collections.chains.putMany(puts);
        return { versions: kept.map(({ version }) => version) };
      },
    },
    look: {
      description: "The volatilities of a symbol by strike, and what does not fit any more",
      input: z.object({ symbol: z.string() }),
      output: z.object({ ivs: z.record(z.string(), z.number()), misfits: z.number() }),
      async run({ symbol }, ctx) {
        const { entries, misfits } = await ctx.collections.chains.list({ prefix: { symbol } });
        const ivs = entries.map(({ value: { strike, iv } }) => [String(strike), iv] as const);
        return { ivs: Object.fromEntries(ivs), misfits: misfits.length };
      },
    },
    forget: {
      description: "Deletes a chain",
      input: z.object({ symbol: z.string(), strike: z.number() }),
      output: z.object({ deleted: z.boolean() }),
      run: async (key, ctx) => ({ deleted: await ctx.collections.chains.delete(key) }),
    },
  },
});
