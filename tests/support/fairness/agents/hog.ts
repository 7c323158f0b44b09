/** Takes as much of the daemon's thread, or of its own, as it is given. */

import { defineAgent, z } from "100ac";

const history = {
  source: "hog",
  interval: "1d",
  basis: "traded",
  currency: "USD",
  timezone: "America/New_York",
  calendar: "XNYS",
  events: [],
};

/** Holds the thread. */
function hold(ms: number): void {
  for (const untilMs = performance.now() + ms; performance.now() < untilMs;);
}

export default defineAgent({
  id: "hog",
  description: "Takes what it is given",
  source: "hog",
  collections: {
    heap: { key: ["n"], schema: z.object({ n: z.number(), text: z.string() }), history: true },
  },
  capabilities: {
    cache: {
      description: "Caches many large values at once",
      input: z.object({ count: z.int(), characters: z.int() }),
      output: z.object({ saved: z.int() }),
      run: async ({ count, characters }, ctx) => {
        const value = "x".repeat(characters);
        const all = Array.from({ length: count }, (_, n) => ctx.cache.set(`k${n}`, value, 60_000));
        const ended = await Promise.allSettled(all);
        return { saved: ended.filter(({ status }) => status === "fulfilled").length };
      },
    },
    collect: {
      description: "Puts many batches at once",
      input: z.object({ batches: z.int(), count: z.int(), characters: z.int() }),
      output: z.object({ saved: z.int() }),
      run: async ({ batches, count, characters }, ctx) => {
        const text = "x".repeat(characters);
        const puts = (batch: number): { value: { n: number; text: string } }[] =>
          Array.from({ length: count }, (_, n) => ({ value: { n: batch * count + n, text } }));
        const ended = await Promise.allSettled(
          Array.from({ length: batches }, (_, n) => ctx.collections.heap.putMany(puts(n))),
        );
        return { saved: ended.filter(({ status }) => status === "fulfilled").length };
      },
    },
    hold: {
      description: "Holds its thread for a time",
      input: z.object({ ms: z.number() }),
      output: z.object({}),
      run: ({ ms }) => {
        hold(ms);
        return {};
      },
    },
    text: {
      description: "Returns a long text",
      input: z.object({ characters: z.int() }),
      output: z.object({ text: z.string() }),
      run: ({ characters }) => ({ text: "x".repeat(characters) }),
    },
    numbers: {
      description: "Returns many numbers",
      input: z.object({ count: z.int() }),
      output: z.object({ numbers: z.array(z.number()) }),
      run: ({ count }) => ({ numbers: Array.from({ length: count }, (_, n) => n) }),
    },
    ask: {
      description: "Sends long inputs to another agent",
      input: z.object({ count: z.int(), characters: z.int() }),
      output: z.object({ answered: z.int() }),
      run: async ({ count, characters }, ctx) => {
        const text = "x".repeat(characters);
        const all = Array.from(
          { length: count },
          () => ctx.request("healthy.measure", { text }, z.unknown()),
        );
        const ended = await Promise.allSettled(all);
        return { answered: ended.filter(({ status }) => status === "fulfilled").length };
      },
    },
    keys: {
      description: "Returns a value of many keys",
      input: z.object({ count: z.int() }),
      output: z.object({ keys: z.record(z.string(), z.number()) }),
      run: ({ count }) => ({
        keys: Object.fromEntries(Array.from({ length: count }, (_, n) => [`key ${n}`, n])),
      }),
    },
    deep: {
      description: "Returns a deep value",
      input: z.object({ depth: z.int() }),
      output: z.object({ deep: z.unknown() }),
      run: ({ depth }) => ({ deep: JSON.parse("[".repeat(depth) + "]".repeat(depth)) as unknown }),
    },
    fail: {
      description: "Throws a long error",
      input: z.object({ characters: z.int() }),
      output: z.object({}),
      run: ({ characters }) => {
        throw new Error("x".repeat(characters));
      },
    },
    save: {
      description: "Saves long histories of bars",
      input: z.object({ series: z.int(), count: z.int() }),
      output: z.object({ saved: z.int() }),
      run: async ({ series, count }, ctx) => {
        const bars = Array.from({ length: count }, (_, n) => {
          const start = new Date(Date.UTC(1900, 0, 1, 14, 30) + n * 86_400_000).toISOString();
          const prices = { open: 1, high: 1, low: 1, close: 1, adjusted_close: 1 };
          return { start, date: start.slice(0, 10), ...prices, volume: 1 };
        });
        const all = Array.from({ length: series }, (_, n) => {
          const as_of = new Date(ctx.now()).toISOString();
          const input = { history: { ...history, symbol: `HOG${n}`, bars, as_of } };
          return ctx.request("market.save_bars", input, z.unknown());
        });
        const ended = await Promise.allSettled(all);
        return { saved: ended.filter(({ status }) => status === "fulfilled").length };
      },
    },
    tap: {
      description: "Publishes the event that others hear",
      input: z.object({ topic: z.string() }),
      output: z.object({}),
      run: ({ topic }, ctx) => {
        ctx.publish(topic, {});
        return {};
      },
    },
    idle: {
      description: "Does nothing for a time",
      input: z.object({ ms: z.number() }),
      output: z.object({}),
      run: async ({ ms }, ctx) => {
        await new Promise<void>((resolve) => {
          const timer = setTimeout(resolve, ms);
          ctx.signal.addEventListener("abort", () => clearTimeout(timer));
        });
        return {};
      },
    },
  },
});
