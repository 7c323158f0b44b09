/** An engine over a real store, with agents defined by the test: `await using trial = …`. */

import { Definitions } from "../../../core/engine/definitions.ts";
import type { Invoke } from "../../../core/engine/advance/requests.ts";
import { Engine, type EngineOptions } from "../../../core/engine/engine.ts";
import { Steerer } from "../../../core/engine/steerer.ts";
import type { EngineEvent } from "../../../core/engine/events.ts";
import { AppError } from "../../../core/errors.ts";
import type { ExecutionId } from "../../../core/ids.ts";
import type { StartOptions } from "../../../core/engine/start.ts";
import { createLog } from "../../../core/log.ts";
import type { ExecutionRow } from "../../../core/store/reads/executions.ts";
import type { Store } from "../../../core/store/store.ts";
import type { ParsedWorkflow } from "../../../core/workflow/definition.ts";
import { parseWorkflows } from "../../../core/workflow/form/parse.ts";
import { eventually } from "../../support/eventually.ts";

/** What a capability does; returns its output or throws. */
export type Agent = (
  input: Record<string, unknown>,
  signal: AbortSignal,
) => unknown;

export interface EngineTrial extends AsyncDisposable {
  readonly engine: Engine;
  readonly steerer: Steerer;
  readonly store: Store;
  /** The events that the engine published, in order. */
  readonly events: readonly EngineEvent[];
  /** The capabilities that were invoked, in order. */
  readonly asked: readonly string[];
  /** The instant as of which each was invoked. */
  readonly askedAsOf: readonly (number | undefined)[];
  /** Its log, one line of JSON each. */
  readonly log: readonly string[];
  start(workflow: ParsedWorkflow, options?: StartOptions): Promise<ExecutionId>;
  /** Waits until an execution has ended. */
  end(id: ExecutionId): Promise<ExecutionRow>;
  run(workflow: ParsedWorkflow, options?: StartOptions): Promise<ExecutionRow>;
  /** Its steps: name, attempt and status, as `first/1 completed`. */
  steps(id: ExecutionId): Promise<string[]>;
}

export interface TrialOptions extends
  Partial<
    Pick<
      EngineOptions,
      "concurrentMax" | "queueMax" | "now" | "leaseMs" | "pollEveryMs" | "secrets"
    >
  > {
  readonly agents: Readonly<Record<string, Agent>>;
  readonly onEvent?: (event: EngineEvent) => void;
}

/** Opens an engine; the caller closes the store. */
export async function tryEngine(store: Store, options: TrialOptions): Promise<EngineTrial> {
  const { agents, onEvent, ...timings } = options;
  const events: EngineEvent[] = [];
  const asked: string[] = [];
  const askedAsOf: (number | undefined)[] = [];
  const log: string[] = [];
  const definitions = new Definitions(store);
  const publish = (event: EngineEvent): void => {
    events.push(event);
    onEvent?.(event);
  };
  const invoke = invokeOf(agents, asked);
  const engine = new Engine({
    concurrentMax: 5,
    ...timings,
    store,
    definitions,
    invoke: (address, input, options) => {
      askedAsOf.push(options.asOfMs);
      return invoke(address, input, options);
    },
    publish,
    log: createLog({ threshold: "debug", write: (line) => log.push(line), pretty: false }),
  });
  await engine.open();
  const start = async (workflow: ParsedWorkflow, options?: StartOptions): Promise<ExecutionId> =>
    (await engine.start(workflow, options)).executionId;
  const end = (id: ExecutionId): Promise<ExecutionRow> =>
    eventually(async () => {
      const row = await store.read({ read: "execution", id });
      return row?.completedAtMs === null ? undefined : row;
    }, { withinMs: 20_000 });
  return {
    engine,
    steerer: new Steerer({ store, engine, definitions, publish }),
    store,
    events,
    asked,
    askedAsOf,
    log,
    start,
    end,
    run: async (workflow, options) => await end(await start(workflow, options)),
    steps: async (id) =>
      (await store.read({ read: "steps", id })).map(({ name, attempt, status }) =>
        `${name}/${attempt} ${status}`
      ),
    [Symbol.asyncDispose]: () => engine.close(0),
  };
}

/** Ends each request exactly once, as the bus does: answer, failure, deadline, or cancel. */
function invokeOf(agents: Readonly<Record<string, Agent>>, asked: string[]): Invoke {
  return (address, input, { timeoutMs, signal }) => {
    const gone = new AppError("cancelled", "it was cancelled");
    if (signal.aborted) return Promise.reject(gone);
    asked.push(address);
    const agent = agents[address];
    if (!agent) throw new Error(`the test has no agent for ${address}`);
    return new Promise((resolve, reject) => {
      const late = new AppError("deadline_exceeded", `no answer in ${timeoutMs} ms`);
      const timer = setTimeout(() => reject(late), timeoutMs);
      signal.addEventListener("abort", () => {
        clearTimeout(timer);
        reject(gone);
      });
      Promise.try(agent, JSON.parse(input), signal)
        .then((output) => resolve(JSON.stringify(output ?? null)), reject)
        .finally(() => clearTimeout(timer));
    });
  };
}

/** A step of {@link workflowOf}, as in a file; its name is its capability's. */
export interface StepForm {
  readonly capability: string;
  readonly params?: Readonly<Record<string, unknown>>;
  /** Seconds. */
  readonly timeout?: number;
  readonly needs?: readonly string[];
  readonly retry?: { readonly attempts: number; readonly backoff: string };
}

/** A workflow of `agent.<capability>` steps. */
export function workflowOf(
  steps: readonly (string | StepForm)[],
  name = "trial",
): ParsedWorkflow {
  const forms = steps.map((step) => typeof step === "string" ? { capability: step } : step);
  const text = JSON.stringify({
    name,
    steps: forms.map((form) => ({ name: form.capability, agent: "agent", ...form })),
  });
  const { workflows: [workflow], problems } = parseWorkflows(text, "trial.yaml");
  if (!workflow) throw new Error(problems.map(({ message }) => message).join("; "));
  return workflow;
}

/** A gate at which agents wait until the test opens it. */
export class Gate {
  readonly #opened = Promise.withResolvers<void>();
  /** How many are waiting or have waited. */
  arrived = 0;

  /** Waits until the gate is open; rejects if `signal` aborts first. */
  pass(signal: AbortSignal): Promise<void> {
    this.arrived++;
    return new Promise((resolve, reject) => {
      const onAbort = (): void => reject(signal.reason);
      signal.addEventListener("abort", onAbort, { once: true });
      this.#opened.promise.then(() => {
        signal.removeEventListener("abort", onAbort);
        resolve();
      });
    });
  }

  open(): void {
    this.#opened.resolve();
  }
}
