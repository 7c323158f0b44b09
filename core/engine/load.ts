/**
 * The second step of an execution's path: reading the state to advance from. This shows whether the
 * claim holds and whether the stored text can still be used.
 */

import { toErrorData } from "../errors.ts";
import type { ClaimExecution } from "../store/operations/executions.ts";
import type { ClaimableRow } from "../store/reads/executions.ts";
import type { Store } from "../store/store.ts";
import type { Scope } from "../workflow/expression/expression.ts";
import type { Plan } from "./decide/plan.ts";
import type { Attempt } from "./decide/unit.ts";
import type { Definitions } from "./definitions.ts";
import { asOfText, endedEvent, type EngineEvent } from "./events.ts";
import type { Leases } from "./claim/lease.ts";
import { secretsOf } from "./secrets.ts";
import type { Steering } from "./steering.ts";
import { finishExecution } from "./advance/step_writes.ts";

/** An attempt as stored; one with status `running` was interrupted. */
export type StoredAttempt = Attempt & { readonly name: string };

/** The state an execution is advanced from. */
export interface Loaded {
  readonly execution: ClaimableRow;
  readonly plan: Plan;
  readonly scope: Omit<Scope, "steps">;
  /** Its deadline; undefined for no limit. */
  readonly deadlineAtMs: number | undefined;
  /** Takes the lease together with the first commit; absent when it is already taken. */
  readonly claim?: ClaimExecution;
  /** In the order of steps, items and attempts. */
  readonly attempts: readonly StoredAttempt[];
}

export interface LoadOptions {
  readonly store: Store;
  readonly definitions: Definitions;
  readonly leases: Leases;
  readonly publish: (event: EngineEvent) => void;
  /** All of the daemon's secrets. */
  readonly secrets: Readonly<Record<string, string>>;
  readonly now: () => number;
}

/**
 * Loads a claimed execution, and sets `steering` to what its row asks for. Undefined when it is not
 * to be advanced: another daemon has claimed it, or it has failed because its text cannot be used.
 * @throws {AppError} `store_unavailable`.
 */
export async function load(
  execution: ClaimableRow,
  steering: Steering,
  options: LoadOptions,
): Promise<Loaded | undefined> {
  const { store, leases, now } = options;
  const { executionId: id, status, concurrencyKey } = execution;
  const nowMs = now();
  const claim = leases.claim(id);
  // It has no attempts yet, so the claim can wait for the first commit of its steps.
  if (status === "pending" && concurrencyKey === null) {
    const plan = await planOf(execution, options);
    return plan && { ...withPlan(execution, plan, nowMs, options), claim, attempts: [] };
  }
  // Until it is claimed, another daemon may still add attempts.
  const [isClaimed] = await store.commit([claim]);
  const current = isClaimed ? await store.read({ read: "execution", id }) : undefined;
  const plan = current && await planOf(execution, options);
  if (!current || !plan) return undefined;
  if (current.wanted) steering.set(current.wanted);
  const resultsOf = plan.steps.flatMap(({ isRead, index }) => isRead ? [index] : []);
  const attempts = await store.read({ read: "steps", id, resultsOf });
  return { ...withPlan(execution, plan, current.startedAtMs ?? nowMs, options), attempts };
}

function withPlan(
  execution: ClaimableRow,
  plan: Plan,
  startedAtMs: number,
  { secrets }: LoadOptions,
): Pick<Loaded, "execution" | "plan" | "scope" | "deadlineAtMs"> {
  const { executionId: id, workflowName, inputParams, createdAtMs, asOfMs } = execution;
  const { timeoutMs } = plan.workflow;
  return {
    execution,
    plan,
    scope: {
      inputs: JSON.parse(inputParams),
      execution: { id, workflow: workflowName, as_of: asOfText(asOfMs) },
      now: new Date(asOfMs ?? createdAtMs).toISOString(),
      secrets: secretsOf(plan.workflow, secrets),
    },
    deadlineAtMs: timeoutMs === undefined ? undefined : startedAtMs + timeoutMs,
  };
}

/** The plan it was started with. Fails the execution if its text can no longer be used. */
async function planOf(
  execution: ClaimableRow,
  { definitions, store, leases: { owner }, publish, secrets, now }: LoadOptions,
): Promise<Plan | undefined> {
  try {
    return await definitions.of(execution);
  } catch (thrown) {
    const { code, message } = toErrorData(thrown);
    if (code !== "invalid_workflow") throw thrown;
    const { executionId } = execution;
    const error = { code, message };
    const [isFailed] = await store.commit([
      finishExecution({ executionId, owner }, "failed", now(), { error }),
    ]);
    if (isFailed) publish(endedEvent(execution, "failed", error, { secrets }));
    return undefined;
  }
}
