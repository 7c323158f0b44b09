/**
 * What a plugin author sees, imported as `"100ac"`. A file under `agents/` exports one agent:
 *
 * ```ts
 * import { defineAgent, z } from "100ac";
 *
 * const greeter = defineAgent({
 *   id: "greeter",
 *   description: "Says hello",
 *   capabilities: {
 *     greet: {
 *       description: "A greeting for one person",
 *       input: z.object({ name: z.string().min(1) }),
 *       output: z.object({ greeting: z.string() }),
 *       run: ({ name }) => ({ greeting: `Hello, ${name}!` }),
 *     },
 *   },
 * });
 *
 * export default greeter;
 * ```
 *
 * Inputs are closed objects: an unknown key is refused. Inputs and outputs are JSON, so dates are
 * ISO strings (`z.iso.datetime()`), and every schema must convert to JSON Schema.
 * A capability that fails throws; throw {@link AppError} to give the caller a code to branch on.
 */

import { z } from "zod";
import type { CollectionDefinitions, Collections } from "./collections.ts";

export { z };
export { AppError } from "../errors.ts";
export type { ErrorCode } from "../errors.ts";
export {
  Bar,
  EventsInput,
  EventsOutput,
  FetchedHistory,
  Finding,
  History,
  HistoryInput,
  Interval,
  Kept,
  MarketEvent,
  MarketSymbol,
  Missing,
  Period,
  Prices,
  Quote,
  QuotesInput,
  QuotesOutput,
  SourceStatus,
  symbolPattern,
} from "./market.ts";
export { asTraded, ratioAfter, splitAdjusted, splitRatio } from "./splits.ts";
export { Absence, SeriesState } from "./series.ts";
export type {
  Collection,
  CollectionDefinition,
  Entry,
  ListOptions,
  Misfit,
  Page,
  PutOptions,
  ReadAt,
} from "./collections.ts";

/** What every capability and event handler receives besides its input. */
export interface AgentContext<Config = unknown, Kept = unknown> {
  /** This agent's id. */
  readonly agent: string;
  /**
   * Sends a request to another agent. The answer is checked against `output` and typed by it.
   * @throws {AppError} with the code of the other agent's error; `deadline_exceeded` and
   * `cancelled` follow the request that is being answered.
   */
  request<Output extends z.ZodType>(
    capability: string,
    input: unknown,
    output: Output,
  ): Promise<z.output<Output>>;
  /**
   * Publishes an event to all subscribers of `topic`: a fact in the past tense, such as
   * `market.bars_loaded`. As of an earlier instant, nothing is published.
   */
  publish(topic: string, body: unknown): void;
  /**
   * Values that the daemon stores for this agent alone until they expire, across restarts. Each
   * earlier instant has its own.
   */
  readonly cache: AgentCache;
  /** Values that this agent stores durably, by the names in its manifest. */
  readonly collections: Collections<Kept>;
  /** The agent's configuration, parsed by its `config` schema. */
  readonly config: Config;
  readonly log: AgentLog;
  /** The secrets that the manifest names, by name; empty as of an earlier instant. */
  readonly secrets: Readonly<Record<string, string>>;
  /** Aborted at the request's deadline, or when its caller cancels. Pass it to fetch. */
  readonly signal: AbortSignal;
  /** Now, in UTC milliseconds; in a request as of an earlier instant, that instant. */
  now(): number;
  /**
   * The earlier instant up to which the request may see, in UTC milliseconds; undefined if there is
   * no such limit. Its own requests are sent as of the same instant.
   */
  readonly asOfMs: number | undefined;
}

export interface AgentCache {
  /** The value; undefined if it is missing or has expired. */
  get<Value extends z.ZodType>(key: string, value: Value): Promise<z.output<Value> | undefined>;
  /** Stores a JSON value for `ttlMs` milliseconds. */
  set(key: string, value: unknown, ttlMs: number): Promise<void>;
}

export interface AgentLog {
  debug(message: string, fields?: Record<string, unknown>): void;
  info(message: string, fields?: Record<string, unknown>): void;
  warn(message: string, fields?: Record<string, unknown>): void;
  error(message: string, fields?: Record<string, unknown>): void;
}

/**
 * A permission taken from a field of the agent's configuration instead of a fixed host or folder; a
 * URL grants its host. If the field has no value, `otherwise` is granted, or nothing.
 */
export interface FromConfig {
  readonly config: string;
  readonly otherwise?: readonly string[];
}

type Wanted = readonly (string | FromConfig)[];

/** Deno permissions that an agent asks for; whatever is missing is denied. */
export interface Permissions {
  /** Hosts, `"example.com"` or `"example.com:443"`. */
  readonly net?: Wanted;
  readonly read?: Wanted;
  readonly write?: Wanted;
  /** Names of environment variables. */
  readonly env?: Wanted;
  /** Kinds of `Deno.permissions` `sys`: `"hostname"`, `"cpus"`, … */
  readonly sys?: Wanted;
  readonly run?: Wanted;
  readonly ffi?: Wanted;
  /** Hosts from which code may be imported. */
  readonly import?: Wanted;
}

/** Where an agent runs: in a thread shared with others, or in a process. */
export type Isolation = "process" | "alone";

/** A named, typed operation of an agent. */
export interface Capability {
  readonly description: string;
  readonly input: z.ZodObject;
  readonly output: z.ZodType;
  /** True if repeating a request has the same effect as sending it once. */
  readonly idempotent?: boolean;
  /** Example inputs by title; printed in the agents' document and run as tests. */
  readonly examples?: Readonly<Record<string, Readonly<Record<string, unknown>>>>;
  run(input: Record<string, unknown>, context: AgentContext): unknown;
}

/** An event as handlers receive it. */
export interface AgentEvent {
  readonly topic: string;
  /** The agent that published it, or `"daemon"`. */
  readonly from: string;
  readonly body: unknown;
}

/** An agent as its author writes it; see {@link defineAgent}. */
export interface AgentDefinition {
  readonly id: string;
  readonly description: string;
  readonly permissions?: Permissions;
  /** Names of secrets; an agent receives only those it names. */
  readonly secrets?: readonly string[];
  readonly isolation?: Isolation;
  /** The market source that this agent provides, such as `"yahoo"`. */
  readonly source?: string;
  /** Whether the source's data is made up; it is never combined with real data. */
  readonly simulated?: boolean;
  readonly config?: z.ZodObject;
  /** The agent's durable values. */
  readonly collections?: CollectionDefinitions;
  readonly capabilities: Readonly<Record<string, Capability>>;
  readonly on?: Readonly<
    Record<string, (event: AgentEvent, context: AgentContext) => void | Promise<void>>
  >;
}

type Inputs = Readonly<Record<string, z.ZodObject>>;
type Outputs = Readonly<Record<string, z.ZodType>>;

/**
 * Declares an agent; the types of each `run` follow from its schemas. Nothing is checked here; the
 * daemon checks the whole manifest when it reads the file.
 */
export function defineAgent<
  I extends Inputs,
  O extends Outputs,
  Config extends z.ZodObject = z.ZodObject,
  const Kept extends CollectionDefinitions = Readonly<Record<never, never>>,
>(
  definition: {
    readonly id: string;
    readonly description: string;
    readonly permissions?: Permissions;
    readonly secrets?: readonly string[];
    readonly isolation?: Isolation;
    readonly source?: string;
    readonly simulated?: boolean;
    readonly config?: Config;
    readonly collections?: Kept & CheckedKeys<Kept>;
    readonly capabilities:
      & {
        readonly [Name in keyof I]: Omit<Capability, "run" | "input" | "output"> & {
          readonly input: I[Name];
          readonly output: z.ZodType;
          run(
            input: z.output<I[Name]>,
            context: AgentContext<z.output<Config>, Kept>,
          ): OutputOf<O, Name> | Promise<OutputOf<O, Name>>;
        };
      }
      & { readonly [Name in keyof O]: { readonly output: O[Name] } };
    readonly on?: Readonly<
      Record<
        string,
        (event: AgentEvent, context: AgentContext<z.output<Config>, Kept>) => void | Promise<void>
      >
    >;
  },
): AgentDefinition {
  return definition as unknown as AgentDefinition;
}

/** Requires that key parts are fields of the schema. */
type CheckedKeys<Kept extends CollectionDefinitions> = {
  readonly [Name in keyof Kept]: {
    readonly key: readonly (keyof z.output<Kept[Name]["schema"]> & string)[];
  };
};

type OutputOf<O, Name> = Name extends keyof O ? z.input<O[Name]> : never;
