/**
 * Calls a source agent's capability as a host would, without a host. A store that is always empty
 * takes what the source saves.
 */

import {
  type AgentContext,
  type AgentDefinition,
  AppError,
  EventsOutput,
  FetchedHistory,
  QuotesOutput,
  type SeriesState,
  SourceStatus,
  type z,
} from "100ac";

export interface CallOptions {
  readonly config?: Readonly<Record<string, unknown>>;
  readonly nowMs?: number;
  readonly signal?: AbortSignal;
  /** Gets what the source asks of the store. */
  readonly stored?: StoreRequest[];
}

export interface StoreRequest {
  readonly capability: string;
  readonly input: unknown;
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
): Promise<FetchedHistory> {
  return FetchedHistory.parse(await call(agent, "fetch_history", input, options));
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

const noSeries: SeriesState = {
  bars: 0,
  first_date: null,
  last_date: null,
  final_date: null,
  currency: null,
  timezone: null,
  calendar: null,
  asked_from: null,
  basis: null,
  agent: null,
  recorded_at: null,
  quarantined: 0,
};
const saved = { saved: 1, inserted: 1, changed: 0, revised: 0, held_back: null, ask_from: null };

/** What it answers to all that sources may ask. */
const emptyStore: Readonly<Record<string, unknown>> = {
  "market.get_series": noSeries,
  "market.save_quotes": saved,
  "market.save_bars": saved,
  "market.quarantine_bars": saved,
  "market.save_events": saved,
  "market.save_findings": saved,
};

function contextOf(agent: AgentDefinition, config: unknown, options: CallOptions): AgentContext {
  const { nowMs = Date.now(), signal = new AbortController().signal } = options;
  const unused = (): never => {
    throw new AppError("internal", "a source asks the store alone, and tells and keeps nothing");
  };
  return {
    agent: agent.id,
    request(capability, input, output) {
      const answer = emptyStore[capability];
      if (answer === undefined) throw new AppError("unknown_capability", capability);
      options.stored?.push({ capability, input: JSON.parse(JSON.stringify(input)) });
      return Promise.resolve(output.parse(answer));
    },
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
