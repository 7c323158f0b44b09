/**
 * One execution on its way from its first step to its end. Each turn commits what the last step
 * came to together with what is decided next, and only then acts on it: whatever instant the
 * daemon dies at, the rows say where to go on.
 */

import { AppError, toErrorData } from "../errors.ts";
import { capabilityAddress, type ExecutionId } from "../ids.ts";
import { type CommitQueue, type Write, write } from "../store/commits.ts";
import {
  beginStep,
  completeStep,
  type ErrorRow,
  type FinalStatus,
  finishExecution,
} from "../store/executions.ts";
import type { Step, Workflow } from "../workflow/definition.ts";
import { type Attempt, decide } from "./decide.ts";

/** Asks an agent; input and output are JSON text. */
export type Invoke = (
  address: string,
  input: string,
  options: { readonly timeoutMs: number; readonly signal: AbortSignal },
) => Promise<string>;

/** A fact about an execution, in the past tense; published after it was committed. */
export type EngineEvent =
  | {
    readonly topic: "execution.started" | `execution.${FinalStatus}`;
    readonly execution_id: ExecutionId;
    readonly workflow: string;
    readonly error?: ErrorRow;
  }
  | {
    readonly topic: "step.started" | "step.completed" | "step.failed" | "step.cancelled";
    readonly execution_id: ExecutionId;
    readonly workflow: string;
    readonly step: string;
    readonly index: number;
    readonly attempt: number;
    readonly error?: ErrorRow;
  };

export interface EnactmentOptions {
  readonly executionId: ExecutionId;
  readonly workflow: Workflow;
  /** Takes the lease, together with the first thing done; absent when the caller has it. */
  readonly claim?: Write;
  /** As stored, oldest first. */
  readonly attempts: readonly Attempt[];
  readonly owner: string;
  readonly commits: CommitQueue;
  readonly invoke: Invoke;
  readonly publish: (event: EngineEvent) => void;
  readonly now: () => number;
  /** Told once the lease is held. */
  readonly onLeased: () => void;
  /** Aborted with an AppError `cancelled` to cancel, with anything else to stop and leave. */
  readonly signal: AbortSignal;
}

interface Outcome {
  readonly status: "completed" | "failed" | "cancelled";
  readonly result: string | null;
  readonly error: ErrorRow | null;
}

/**
 * Runs an execution to its end.
 * @throws {AppError} `lease_lost` when another owner has it, `store_unavailable`; what the
 * signal was aborted with when it was told to stop.
 */
export async function enact(options: EnactmentOptions): Promise<FinalStatus> {
  const { workflow, now, signal } = options;
  const attempts: Attempt[] = [];
  let settled = closeInterrupted(options, attempts);
  for (;;) {
    const decision = isCancelled(signal)
      ? { kind: "finish" as const, status: "cancelled" as const, error: null }
      : decide(workflow, attempts, now());
    if (decision.kind === "finish") {
      await finish(options, settled, decision.status, decision.error);
      return decision.status;
    }
    if (decision.kind === "wait") {
      await commit(options, settled);
      settled = nothingSettled;
      await sleep(decision.untilMs - now(), signal);
      continue;
    }
    const { step, index, attempt } = decision;
    const startedAtMs = now();
    await commit(options, settled, beginWrite(options, step, index, attempt, startedAtMs));
    options.publish(stepEvent(options, "step.started", step.name, index, attempt));
    const outcome = await attemptStep(options, step);
    attempts.push({
      index,
      attempt,
      startedAtMs,
      status: outcome.status,
      completedAtMs: now(),
      error: outcome.error,
    });
    settled = settle(options, step, index, attempt, outcome);
  }
}

/** What the last step came to: committed with the next decision, published after it. */
interface Settled {
  readonly writes: readonly Write[];
  readonly events: readonly EngineEvent[];
}

const nothingSettled: Settled = { writes: [], events: [] };

/** Attempts that were running when the daemon ended: their replies will never come. */
function closeInterrupted(options: EnactmentOptions, attempts: Attempt[]): Settled {
  const writes: Write[] = [];
  const error: ErrorRow = { code: "interrupted", message: "the daemon ended while it ran" };
  for (const attempt of options.attempts) {
    if (attempt.status !== "running") {
      attempts.push(attempt);
      continue;
    }
    const completedAtMs = options.now();
    attempts.push({ ...attempt, status: "cancelled", completedAtMs, error });
    const outcome: Outcome = { status: "cancelled", result: null, error };
    writes.push(completeWrite(options, attempt.index, attempt.attempt, outcome));
  }
  return { writes, events: [] };
}

async function attemptStep(options: EnactmentOptions, step: Step): Promise<Outcome> {
  const { invoke, signal } = options;
  const address = capabilityAddress(step.agent, step.capability);
  try {
    const input = JSON.stringify(step.params);
    const result = await invoke(address, input, { timeoutMs: step.timeoutMs, signal });
    return { status: "completed", result, error: null };
  } catch (thrown) {
    const { code, message } = toErrorData(thrown, "internal");
    if (isCancelled(signal)) return { status: "cancelled", result: null, error: null };
    // Told to stop and leave: the attempt stays running in the store, for the next daemon.
    signal.throwIfAborted();
    return { status: "failed", result: null, error: { code, message } };
  }
}

function settle(
  options: EnactmentOptions,
  step: Step,
  index: number,
  attempt: number,
  outcome: Outcome,
): Settled {
  const topic = `step.${outcome.status}` as const;
  const event = stepEvent(options, topic, step.name, index, attempt);
  return {
    writes: [completeWrite(options, index, attempt, outcome)],
    events: [outcome.error ? { ...event, error: outcome.error } : event],
  };
}

async function finish(
  options: EnactmentOptions,
  settled: Settled,
  status: FinalStatus,
  error: ErrorRow | null,
): Promise<void> {
  const { executionId, owner, now, workflow } = options;
  const finished = write(finishExecution, {
    execution_id: executionId,
    owner,
    status,
    at: now(),
    result: null,
    error_code: error?.code ?? null,
    error_message: error?.message ?? null,
  });
  await commit(options, settled, finished);
  const event = {
    topic: `execution.${status}` as const,
    execution_id: executionId,
    workflow: workflow.name,
  };
  options.publish(error ? { ...event, error } : event);
}

async function commit(
  options: EnactmentOptions,
  settled: Settled,
  ...next: readonly Write[]
): Promise<void> {
  const writes = [...settled.writes, ...next];
  if (writes.length === 0) return;
  const applied = await options.commits.commit(...writes);
  if (applied.includes(false)) {
    throw new AppError(
      "lease_lost",
      `Cannot advance execution "${options.executionId}": another daemon has taken it`,
    );
  }
  for (const event of settled.events) options.publish(event);
}

function beginWrite(
  { executionId, owner }: EnactmentOptions,
  step: Step,
  index: number,
  attempt: number,
  at: number,
): Write {
  const { name } = step;
  return write(beginStep, { execution_id: executionId, name, index, attempt, owner, at });
}

function completeWrite(
  { executionId, owner, now }: EnactmentOptions,
  index: number,
  attempt: number,
  { status, result, error }: Outcome,
): Write {
  return write(completeStep, {
    execution_id: executionId,
    index,
    attempt,
    owner,
    status,
    at: now(),
    result,
    error_code: error?.code ?? null,
    error_message: error?.message ?? null,
  });
}

function stepEvent(
  { executionId, workflow }: EnactmentOptions,
  topic: `step.${"started" | Outcome["status"]}`,
  step: string,
  index: number,
  attempt: number,
): EngineEvent {
  return { topic, execution_id: executionId, workflow: workflow.name, step, index, attempt };
}

function isCancelled(signal: AbortSignal): boolean {
  return signal.aborted && signal.reason instanceof AppError && signal.reason.code === "cancelled";
}

/** Resolves after `ms`, or at once when cancelled; rejects when told to stop. */
function sleep(ms: number, signal: AbortSignal): Promise<void> {
  return new Promise((resolve, reject) => {
    const end = (): void => {
      clearTimeout(timer);
      signal.removeEventListener("abort", end);
      if (signal.aborted && !isCancelled(signal)) reject(signal.reason);
      else resolve();
    };
    const timer = setTimeout(end, Math.max(0, ms));
    signal.addEventListener("abort", end);
    if (signal.aborted) end();
  });
}
