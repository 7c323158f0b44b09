/**
 * A source that answers as a test says. Like every source it checks its answers and stores what is
 * sound, as itself.
 */

import {
  AppError,
  type EventsOutput,
  type History,
  type HistoryInput,
  type QuotesOutput,
  z,
} from "100ac";
import { defineSource } from "../../agents/_lib/source/agent.ts";
import { type AgentTrial, type Handlers, tryAgent } from "./agent_context.ts";

export type Asked = z.output<typeof HistoryInput>;
type Answer<Value> = Value | Promise<Value>;

export interface FakeAnswers {
  readonly quotes?: (symbols: readonly string[]) => Answer<z.output<typeof QuotesOutput>>;
  readonly history?: (asked: Asked) => Answer<History>;
  readonly events?: (symbol: string) => Answer<z.output<typeof EventsOutput>>;
}

export interface FakeSource {
  /** The source's agent, with what it asked of the store. */
  readonly agent: AgentTrial;
  /** Invokes one of its capabilities. */
  readonly invoke: AgentTrial["invoke"];
  /** Its capabilities, for agents that ask it. */
  readonly handlers: Handlers;
}

/** `store` answers its requests; by default its id is `fake`, which is what test values say. */
export function fakeSource(
  { quotes = unanswered, history = unanswered, events = unanswered }: FakeAnswers,
  { id = "fake", store, now }: {
    readonly id?: string;
    readonly store: Handlers;
    readonly now: () => number;
  },
): FakeSource {
  const definition = defineSource({
    id,
    description: "Answers as a test says",
    config: z.object({}),
    source: {
      quotes: async (symbols) => await quotes(symbols),
      history: async (asked) => await history(asked),
      events: async (symbol) => await events(symbol),
      status: unanswered,
    },
  });
  const agent = tryAgent(definition, { config: {}, handlers: store, nowMs: 0 });
  const invoke: AgentTrial["invoke"] = (name, input) => {
    agent.nowMs = now();
    return agent.invoke(name, input);
  };
  const handlers = ["fetch_quotes", "fetch_history", "fetch_events"].map((name) =>
    [`${id}.${name}`, (input: Record<string, unknown>) => invoke(name, input)] as const
  );
  return { agent, invoke, handlers: Object.fromEntries(handlers) };
}

function unanswered(): never {
  throw new AppError("internal", "the test gives no answer to that");
}
