/**
 * One loaded agent inside its host: validates every input and output with the agent's own zod
 * schemas and provides its context. Runs in the host's thread.
 */

import { z } from "zod";
import type { Bus, BusEvent, IncomingRequest } from "../../bus/bus.ts";
import { AppError, fromErrorData, messageOf, toErrorData } from "../../errors.ts";
import type { LogLevel } from "../../log.ts";
import type { AgentContext, AgentDefinition, AgentLog, Capability } from "../../sdk/agent.ts";
import { notReadInTime, readInTime, withinBudget } from "./budget.ts";
import { openCollections } from "./collections.ts";
import { Outgoing } from "./outgoing.ts";
import type { AgentToLoad } from "../control.ts";
import { mayAgentPublish, reservedIds } from "../manifest/manifest.ts";

/** What the host provides to its agents' runners. */
export interface HostServices {
  readonly bus: Bus;
  /** The daemon's address on the bus; requests between agents go through the daemon. */
  readonly daemon: string;
  log(level: LogLevel, agent: string, message: string, fields: Record<string, unknown>): void;
  fault(agent: string, message: string): void;
  /** Counts an agent's event handlers that run: the daemon must know who may hold the thread. */
  noteHandler(agent: string, change: 1 | -1): void;
  /** How long an agent may hold the thread before its first await. */
  readonly budgetMs: number;
  /** The instant at which the host lives; undefined for the present. */
  readonly asOfMs: number | undefined;
}

const eventHandlerMs = 30_000;
/** A clock that keeps running in a host of the past and that no agent can replace. */
const elapsedMs = performance.now.bind(performance);
/** Shared by the agents of the host. */
const outgoing = new Outgoing();
const CacheAnswer = z.object({ hit: z.boolean(), value: z.unknown().optional() });

export class AgentRunner {
  readonly id: string;
  readonly #definition: AgentDefinition;
  readonly #services: HostServices;
  readonly #config: unknown;
  readonly #secrets: Readonly<Record<string, string>>;
  readonly #log: AgentLog;
  readonly #inputs: ReadonlyMap<string, z.ZodObject>;

  /** @throws {AppError} `invalid_config` when the settings do not fit the agent's config schema. */
  constructor(definition: AgentDefinition, agent: AgentToLoad, services: HostServices) {
    this.id = definition.id;
    this.#definition = definition;
    this.#services = services;
    this.#config = readConfig(definition, agent);
    this.#secrets = Object.freeze({ ...agent.secrets });
    this.#log = openLog(this.id, services);
    this.#inputs = new Map(
      Object.entries(definition.capabilities).map(([name, { input }]) => [name, input.strict()]),
    );
  }

  /** Answers a request for one of the agent's capabilities; resolves with JSON text. */
  async answer(name: string, request: IncomingRequest): Promise<string> {
    const capability = this.#definition.capabilities[name];
    const inputSchema = this.#inputs.get(name);
    if (!capability || !inputSchema) {
      throw new AppError(
        "unknown_capability",
        `Cannot invoke "${request.address}": agent "${this.id}" has no such capability`,
      );
    }
    const { signal, timeoutMs, address } = request;
    const { budgetMs } = this.#services;
    // Schemas, and getters in the output, are agent code and can run long, so this runs within the
    // budget. A schema may allow undefined, which JSON lacks: it becomes null.
    const finish = (output: unknown): string =>
      JSON.stringify(checkOutput(capability, output, address) ?? null);
    try {
      const context = this.#context(signal, elapsedMs() + timeoutMs);
      const begun = await withinBudget(() => {
        const output = capability.run(checkInput(inputSchema, request), context) as unknown;
        return isPlain(output) ? { text: finish(output) } : { output };
      }, budgetMs);
      if (begun.text !== undefined) return begun.text;
      const output = await begun.output;
      return await withinBudget(() => finish(output), budgetMs);
    } catch (thrown) {
      throw await withinBudget(() => toAgentError(thrown, address), budgetMs);
    }
  }

  /**
   * Passes an event to the agent's handler of `topic`, which may be a pattern. Errors of the
   * handler are reported, never thrown.
   */
  hear(topic: string, event: BusEvent): void {
    const handler = this.#definition.on?.[topic];
    if (!handler || event.from === this.id) return;
    const { fault, noteHandler } = this.#services;
    const handle = async (): Promise<void> => {
      const signal = AbortSignal.timeout(eventHandlerMs);
      const body: unknown = JSON.parse(event.body);
      const context = this.#context(signal, elapsedMs() + eventHandlerMs);
      const { budgetMs } = this.#services;
      const { topic, from } = event;
      await withinBudget(() => handler({ topic, from, body }, context), budgetMs);
    };
    noteHandler(this.id, 1);
    handle().catch((thrown) => {
      const reason = readInTime(() => messageOf(thrown)) ?? notReadInTime;
      fault(this.id, `in its handler of ${event.topic}: ${reason}`);
    }).finally(() => noteHandler(this.id, -1));
  }

  #context(signal: AbortSignal, deadlineMs: number): AgentContext {
    const { bus, daemon, asOfMs } = this.#services;
    const ask = async (address: string, input: unknown): Promise<unknown> => {
      const text = toJson(input, address);
      const send = (): Promise<string> => {
        const timeoutMs = Math.max(1, deadlineMs - elapsedMs());
        return bus.request(daemon, address, text, { timeoutMs, signal, caller: this.id, asOfMs });
      };
      return JSON.parse(
        isOfDaemon(address) ? await outgoing.send(text.length, send) : await send(),
      ) as unknown;
    };
    return {
      agent: this.id,
      config: this.#config,
      log: this.#log,
      secrets: this.#secrets,
      signal,
      now: Date.now,
      asOfMs,
      request: async (address, input, output) =>
        checkAnswer(output, await ask(address, input), address),
      publish: (topic, body) => {
        refuseReservedTopic(this.id, topic);
        bus.publish(topic, toJson(body, topic), this.id);
      },
      cache: {
        get: async (key, schema) => {
          const { hit, value } = CacheAnswer.parse(await ask("cache.get", { key }));
          const parsed = hit ? schema.safeParse(value) : undefined;
          // A value that an older version of the agent stored may not fit; treat it as a miss.
          return parsed?.success ? parsed.data : undefined;
        },
        set: async (key, value, ttlMs) => {
          await ask("cache.set", { key, value, ttl_ms: ttlMs });
        },
      },
      collections: openCollections(this.#definition.collections ?? {}, ask),
    };
  }
}

function readConfig(definition: AgentDefinition, agent: AgentToLoad): unknown {
  if (!definition.config) return {};
  const parsed = definition.config.strict().safeParse(agent.settings);
  if (parsed.success) return parsed.data;
  throw new AppError(
    "invalid_config",
    `Cannot configure agent "${definition.id}": ${describe(parsed.error)}`,
  );
}

function checkInput(schema: z.ZodObject, request: IncomingRequest): Record<string, unknown> {
  const parsed = schema.safeParse(JSON.parse(request.input));
  if (parsed.success) return parsed.data;
  throw new AppError(
    "invalid_input",
    `Cannot invoke "${request.address}": its input is wrong: ${describe(parsed.error)}`,
    { details: { problems: parsed.error.issues.map(describeIssue) } },
  );
}

/** Whether the output is a plain value and not a promise. */
function isPlain(output: unknown): boolean {
  return typeof output !== "object" || output === null || !("then" in output);
}

/**
 * What a capability threw, as an error for its caller; an AppError keeps its code. A copy, because
 * an agent's own error may have getters.
 */
function toAgentError(thrown: unknown, address: string): AppError {
  if (thrown instanceof AppError) return fromErrorData(toErrorData(thrown, "agent_error"));
  const found = thrown instanceof z.ZodError ? describe(thrown) : messageOf(thrown);
  return new AppError("agent_error", `Cannot finish request "${address}": ${found}`, {
    cause: thrown,
  });
}

function checkOutput(capability: Capability, output: unknown, address: string): unknown {
  const parsed = capability.output.safeParse(output);
  if (parsed.success) return parsed.data;
  throw new AppError(
    "invalid_output",
    `Cannot finish request "${address}": the agent's output does not fit its own schema: ` +
      describe(parsed.error),
  );
}

function checkAnswer<Output extends z.ZodType>(
  schema: Output,
  answer: unknown,
  address: string,
): z.output<Output> {
  const parsed = schema.safeParse(answer);
  if (parsed.success) return parsed.data;
  throw new AppError(
    "invalid_output",
    `Cannot use the answer of "${address}": it does not fit the requested schema: ${
      describe(parsed.error)
    }`,
  );
}

/** Whether the daemon itself serves it. */
function isOfDaemon(address: string): boolean {
  const [id = ""] = address.split(".", 1);
  return reservedIds.has(id);
}

function refuseReservedTopic(agent: string, topic: string): void {
  if (mayAgentPublish(topic)) return;
  throw new AppError(
    "bad_request",
    `Cannot publish "${topic}" from agent "${agent}": such topics are reserved for the daemon`,
  );
}

function toJson(value: unknown, name: string): string {
  const text = JSON.stringify(value) as string | undefined;
  if (text !== undefined) return text;
  throw new AppError("bad_request", `Cannot send "${name}": its body is not JSON`);
}

const issuesShownMax = 5;

function describe(error: z.ZodError): string {
  const shown = error.issues.slice(0, issuesShownMax).map(describeIssue);
  const more = error.issues.length - shown.length;
  return shown.join("; ") + (more > 0 ? `; and ${more} more` : "");
}

function describeIssue(issue: z.core.$ZodIssue): string {
  return `${issue.path.join(".") || "input"}: ${issue.message}`;
}

function openLog(agent: string, services: HostServices): AgentLog {
  const at = (level: LogLevel) => (message: string, fields: Record<string, unknown> = {}): void =>
    services.log(level, agent, message, fields);
  return { debug: at("debug"), info: at("info"), warn: at("warn"), error: at("error") };
}
