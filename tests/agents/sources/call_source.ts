/** Calls a source agent's capability as a host would, without a host. */

import {
  type AgentContext,
  type AgentDefinition,
  AppError,
  EventsOutput,
  History,
  QuotesOutput,
  SourceStatus,
  type z,
} from "100ac";

export interface CallOptions {
  readonly config?: Readonly<Record<string, unknown>>;
  readonly nowMs?: number;
  readonly signal?: AbortSignal;
}

/** The quotes of `symbols`; input and output are checked by the agent's own schemas. */
export async function fetchQuotes(
  agent: AgentDefinition,
  symbols: readonly string[],
  options: CallOptions = {},
): Promise<z.output<typeof QuotesOutput>> {
  return QuotesOutput.parse(await call(agent, "fetch_quotes", { symbols }, options));
}

/** The history that `input` asks for. */
export async function fetchHistory(
  agent: AgentDefinition,
  input: { readonly symbol: string; readonly [key: string]: string },
  options: CallOptions = {},
): Promise<History> {
  return History.parse(await call(agent, "fetch_history", input, options));
}

/** What the source tells of a symbol's past and future. */
export async function fetchEvents(
  agent: AgentDefinition,
  symbol: string,
  options: CallOptions = {},
): Promise<z.output<typeof EventsOutput>> {
  return EventsOutput.parse(await call(agent, "fetch_events", { symbol }, options));
}

/** How the source says it does. */
export async function sourceStatus(
  agent: AgentDefinition,
  options: CallOptions = {},
): Promise<SourceStatus> {
  return SourceStatus.parse(await call(agent, "source_status", {}, options));
}

async function call(
  agent: AgentDefinition,
  name: string,
  input: Record<string, unknown>,
  options: CallOptions,
): Promise<unknown> {
  const capability = agent.capabilities[name];
  if (capability === undefined) throw new Error(`${agent.id} has no ${name}`);
  const config = agent.config?.strict().parse(options.config ?? {});
  return await capability.run(
    capability.input.strict().parse(input),
    contextOf(agent, config, options),
  );
}

function contextOf(agent: AgentDefinition, config: unknown, options: CallOptions): AgentContext {
  const { nowMs = Date.now(), signal = new AbortController().signal } = options;
  const unused = (): never => {
    throw new AppError("internal", "a source asks nobody and keeps nothing");
  };
  return {
    agent: agent.id,
    request: unused,
    publish: unused,
    cache: { get: unused, set: unused },
    collections: {},
    config,
    secrets: {},
    log: { debug: unused, info: unused, warn: unused, error: unused },
    signal,
    now: () => nowMs,
    asOfMs: undefined,
  };
}

/** For `assert.rejects`: an {@link AppError} with this code, in the form that messages have. */
export function failsWith(code: string): (thrown: unknown) => boolean {
  return (thrown) => {
    if (!(thrown instanceof AppError)) throw thrown;
    if (thrown.code !== code) {
      throw new Error(`expected ${code}, got ${thrown.code}`, { cause: thrown });
    }
    if (!/^Cannot \w+ \w+ .*".*": .+; .+$/s.test(thrown.message)) {
      throw new Error(`the message has another form: ${thrown.message}`);
    }
    return true;
  };
}
