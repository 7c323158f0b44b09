/** An agent that misbehaves on request; without permissions, so it shares its host with others. */

import { AppError, defineAgent, z } from "100ac";

const Nothing = z.object({});
const Anything = z.unknown();

export default defineAgent({
  id: "rogue",
  description: "Does what no agent should",
  config: z.object({ mood: z.string().default("calm") }),
  capabilities: {
    echo: {
      description: "The one thing it does well",
      input: z.object({ message: z.string(), times: z.number().int().default(1) }),
      output: z.object({ message: z.string(), mood: z.string(), agent: z.string() }),
      run: ({ message, times }, ctx) => ({
        message: message.repeat(times),
        mood: ctx.config.mood,
        agent: ctx.agent,
      }),
    },
    answer_wrong: {
      description: "Answers with what its schema does not allow",
      input: Nothing,
      output: z.object({ price: z.number() }),
      run: () => ({ price: "high" as unknown as number }),
    },
    answer_nothing: {
      description: "Answers with undefined, which its schema allows and JSON does not know",
      input: Nothing,
      output: Anything,
      run: () => undefined,
    },
    answer_circle: {
      description: "Answers with what JSON can't hold",
      input: Nothing,
      output: Anything,
      run: () => {
        const circle: Record<string, unknown> = {};
        circle["circle"] = circle;
        return circle;
      },
    },
    fail: {
      description: "Throws an AppError",
      input: Nothing,
      output: Nothing,
      run: () => {
        const details = { retry_after: 7, tell: () => "functions can't travel" };
        throw new AppError("rate_limited", "Cannot fetch: too many requests", { details });
      },
    },
    throw_anything: {
      description: "Throws what is no error of ours",
      input: z.object({ text: z.boolean() }),
      output: Nothing,
      run: ({ text }) => {
        const error: unknown = text ? "a bare string" : new TypeError("x is not a function");
        throw error;
      },
    },
    throw_later: {
      description: "Answers, then throws where nobody can catch",
      input: Nothing,
      output: Nothing,
      run: () => {
        setTimeout(() => {
          throw new Error("thrown in a timer");
        });
        return {};
      },
    },
    reject_later: {
      description: "Answers, and leaves a promise that rejects",
      input: Nothing,
      output: Nothing,
      run: () => {
        Promise.reject(new Error("rejected on its own"));
        return {};
      },
    },
    log_anything: {
      description: "Logs and prints what can't cross threads",
      input: Nothing,
      output: Nothing,
      run: (_, ctx) => {
        ctx.log.warn("a function", { shown: 1, tell: () => "functions can't travel" });
        ctx.log.error("a number", { big: 1n });
        globalThis.console.log("printed", { tell: () => 1 });
        return {};
      },
    },
    exit: {
      description: "Ends its thread",
      input: Nothing,
      output: Nothing,
      run: () => Deno.exit(1),
    },
    spin: {
      description: "Keeps its thread busy",
      input: z.object({ ms: z.number() }),
      output: Nothing,
      run: ({ ms }) => {
        const untilMs = performance.now() + ms;
        while (performance.now() < untilMs);
        return {};
      },
    },
    hang: {
      description: "Keeps its thread busy where no budget reaches: after an await",
      input: z.object({ ms: z.number() }),
      output: Nothing,
      run: async ({ ms }) => {
        await Promise.resolve();
        const untilMs = performance.now() + ms;
        while (performance.now() < untilMs);
        return {};
      },
    },
    wait: {
      description: "Waits until it is aborted, and tells of it",
      input: Nothing,
      output: Nothing,
      run: (_, ctx) =>
        new Promise((_, reject) => {
          ctx.publish("rogue.waiting", null);
          ctx.signal.addEventListener("abort", () => {
            const { code, message } = ctx.signal.reason as AppError;
            ctx.publish("rogue.aborted", { code, message });
            reject(ctx.signal.reason);
          });
        }),
    },
    ask: {
      description: "Asks another agent",
      input: z.object({ address: z.string(), input: Anything }),
      output: Anything,
      run: ({ address, input }, ctx) => ctx.request(address, input, Anything),
    },
    ask_for_number: {
      description: "Asks another agent for what it does not give",
      input: z.object({ address: z.string(), input: Anything }),
      output: z.number(),
      run: ({ address, input }, ctx) => ctx.request(address, input, z.number()),
    },
    publish: {
      description: "Publishes an event",
      input: z.object({ topic: z.string(), body: Anything.optional() }),
      output: Nothing,
      run: ({ topic, body }, ctx) => {
        ctx.publish(topic, body);
        return {};
      },
    },
    remember: {
      description: "Keeps a value",
      input: z.object({ key: z.string(), value: Anything, ttl_ms: z.number() }),
      output: Nothing,
      run: async ({ key, value, ttl_ms }, ctx) => {
        await ctx.cache.set(key, value, ttl_ms);
        return {};
      },
    },
    recall: {
      description: "A value it has kept, if it is a number",
      input: z.object({ key: z.string() }),
      output: z.object({ value: z.number().nullable() }),
      run: async ({ key }, ctx) => ({ value: await ctx.cache.get(key, z.number()) ?? null }),
    },
  },
  on: {
    "rogue.published": () => {
      throw new Error("it must not hear itself");
    },
  },
});
