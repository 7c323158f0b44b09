/**
 * Invokes an agent without a daemon: requests go to a table of handlers, the cache is a Map under
 * the test's clock. Inputs and outputs are checked and copied as the bus would.
 */

import { type AgentContext, type AgentDefinition, AppError, type z } from "100ac";

/** What the agent asked and told, and the clock it lives by. */
export interface AgentTrial {
  readonly context: AgentContext;
  readonly requests: { readonly capability: string; readonly input: unknown }[];
  readonly events: { readonly topic: string; readonly body: unknown }[];
  nowMs: number;
  /** The answer of a capability, with its input and output checked by the agent's own schemas. */
  invoke<Answer>(capability: string, input: Record<string, unknown>): Promise<Answer>;
  /** Inputs of the requests to one capability. */
  asked(capability: string): unknown[];
}

/** What answers requests, by capability. */
export type Handlers = Readonly<Record<string, (input: never, caller: string) => unknown>>;

export function tryAgent(
  agent: AgentDefinition,
  options: {
    readonly config: unknown;
    readonly handlers: Handlers;
    readonly nowMs: number;
    readonly asOfMs?: number;
  },
): AgentTrial {
  const cached = new Map<string, { readonly value: unknown; readonly untilMs: number }>();
  const context: AgentContext = {
    agent: agent.id,
    async request(capability, input, output) {
      trial.requests.push({ capability, input: copied(input) });
      const handler = options.handlers[capability];
      if (handler === undefined) throw new AppError("unknown_capability", capability);
      return output.parse(structuredClone(await handler(copied(input) as never, agent.id)));
    },
    publish: (topic, body) => void trial.events.push({ topic, body: structuredClone(body) }),
    cache: {
      get<Value extends z.ZodType>(key: string, value: Value) {
        const entry = cached.get(key);
        const isFresh = entry !== undefined && entry.untilMs > trial.nowMs;
        return Promise.resolve(isFresh ? value.parse(entry.value) : undefined);
      },
      set(key, value, ttlMs) {
        cached.set(key, { value: structuredClone(value), untilMs: trial.nowMs + ttlMs });
        return Promise.resolve();
      },
    },
    collections: {},
    config: agent.config?.parse(options.config),
    secrets: {},
    log: { debug: silent, info: silent, warn: silent, error: silent },
    signal: new AbortController().signal,
    now: () => trial.nowMs,
    asOfMs: options.asOfMs,
  };
  const trial: AgentTrial = {
    context,
    requests: [],
    events: [],
    nowMs: options.nowMs,
    async invoke<Answer>(name: string, input: Record<string, unknown>) {
      const capability = agent.capabilities[name];
      if (capability === undefined) throw new AppError("unknown_capability", name);
      const answer = await capability.run(capability.input.strict().parse(input), context);
      return capability.output.parse(structuredClone(answer)) as Answer;
    },
    asked: (capability) =>
      trial.requests.filter((request) => request.capability === capability)
        .map(({ input }) => input),
  };
  return trial;
}

/** A copy as the bus makes it: undefined fields are left out. */
function copied(value: unknown): unknown {
  return JSON.parse(JSON.stringify(value));
}

function silent(): void {}
