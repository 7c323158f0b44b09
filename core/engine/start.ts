/** A new execution: the operations that store it, and the row to claim it by. */

import { createHash } from "node:crypto";
import { AppError } from "../errors.ts";
import { type ExecutionId, newExecutionId } from "../ids.ts";
import type { ExecutionOperation } from "../store/operations/executions.ts";
import type { ClaimableRow, ExecutionRow } from "../store/reads/executions.ts";
import type { ParsedWorkflow, Workflow } from "../workflow/definition.ts";
import { compileTemplate, type Scope } from "../workflow/expression/expression.ts";
import { resolveInputs } from "../workflow/form/inputs.ts";
import { asOfText } from "./events.ts";

export interface StartOptions {
  /** By name; an input with a default may be left out. */
  readonly inputs?: Readonly<Record<string, unknown>>;
  /** Starts with the same key are the same start. */
  readonly idempotencyKey?: string;
  /** Higher priorities are claimed first; 0 by default. */
  readonly priority?: number;
  /** The execution that this one repeats. */
  readonly rerunOf?: ExecutionId;
  /** The instant that it and all its requests see up to; the present by default. */
  readonly asOfMs?: number;
  /** The firing that starts it. It is stored only if the firing's state is still `was`. */
  readonly firing?: FiringOrigin;
}

/** A due instant of a schedule, either not entered yet or waiting. */
export interface FiringOrigin {
  readonly scheduleId: string;
  readonly dueAtMs: number;
  readonly was: "none" | "due";
}

/** A new execution that is ready to be stored. */
export interface Prepared {
  readonly row: ExecutionRow;
  /** The operation that stores the execution is the last. */
  readonly operations: readonly ExecutionOperation[];
  /**
   * Call it after the operations were applied; the execution is advanced as soon as there is room.
   */
  onStored(): void;
}

/** The operations, and the row to claim. */
interface NewExecution extends Omit<Prepared, "onStored"> {
  readonly claimable: ClaimableRow;
}

/**
 * A new execution of a workflow; `isDefined` returns whether a text is already in the store.
 * @throws {AppError} `invalid_input` with every problem, or for an instant in the future;
 * `expression_failed` for its concurrency key.
 */
export function newExecution(
  workflow: ParsedWorkflow,
  { inputs: given = {}, idempotencyKey, rerunOf, asOfMs, priority = 0, firing }: StartOptions,
  at: number,
  isDefined: (definitionId: string) => boolean,
): NewExecution {
  const { name, text } = workflow;
  refuseTheFuture(name, asOfMs, at);
  const executionId = newExecutionId();
  const inputs = resolveInputs(workflow, given);
  const inputParams = JSON.stringify(inputs);
  const definitionId = definitionIdOf(workflow);
  const concurrencyKey = concurrencyKeyOf(workflow, {
    inputs,
    execution: { id: executionId, workflow: name, as_of: asOfText(asOfMs ?? null) },
    now: new Date(asOfMs ?? at).toISOString(),
  });
  const common = {
    ...{ executionId, workflowName: name, definitionId, inputParams },
    ...{ createdAtMs: at, asOfMs: asOfMs ?? null },
  };
  return {
    claimable: {
      ...common,
      status: "pending",
      concurrencyKey,
      scheduleId: firing?.scheduleId ?? null,
      dueAtMs: firing?.dueAtMs ?? null,
    },
    row: {
      ...common,
      status: "pending",
      wanted: null,
      result: null,
      error: null,
      startedAtMs: null,
      completedAtMs: null,
      rerunOf: rerunOf ?? null,
    },
    operations: [
      ...(isDefined(definitionId) ? [] : [
        { kind: "save_definition", definitionId, workflowName: name, text, atMs: at } as const,
      ]),
      {
        kind: "create_execution",
        executionId,
        workflowName: name,
        definitionId,
        inputParams,
        priority,
        atMs: at,
        idempotencyKey: idempotencyKey ?? null,
        rerunOf: rerunOf ?? null,
        asOfMs: asOfMs ?? null,
        concurrencyKey,
        concurrencyMax: workflow.concurrency?.max ?? null,
        ...firing,
      },
    ],
  };
}

function refuseTheFuture(workflow: string, asOfMs: number | undefined, nowMs: number): void {
  if (asOfMs === undefined || asOfMs <= nowMs) return;
  const found = `${new Date(asOfMs).toISOString()} is in the future`;
  throw new AppError(
    "invalid_input",
    `Cannot start workflow "${workflow}" as of an instant: ${found}; use a past one`,
  );
}

const definitionIds = new WeakMap<ParsedWorkflow, string>();

/** The hash of its text; computed once per workflow. */
function definitionIdOf(workflow: ParsedWorkflow): string {
  const known = definitionIds.get(workflow);
  if (known !== undefined) return known;
  const id = createHash("sha256").update(workflow.text).digest("hex");
  definitionIds.set(workflow, id);
  return id;
}

/** Keys of different workflows never collide, because names contain no slash. */
function concurrencyKeyOf(
  { name, concurrency }: Workflow,
  scope: Pick<Scope, "inputs" | "execution" | "now">,
): string | null {
  if (!concurrency) return null;
  const { key = "" } = concurrency;
  const value = compileTemplate(key).evaluate({ ...scope, steps: {}, secrets: {} });
  return `${name}/${typeof value === "string" ? value : JSON.stringify(value)}`;
}
