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
import { type Attempt, decide, type Decision } from "./decide.ts";
import { endedEvent, type EngineEvent, startedEvent, stepEvent } from "./events.ts";

/** Asks an agent; input and output are JSON text. */
export type Invoke = (
  address: string,
  input: string,
  options: { readonly timeoutMs: number; readonly signal: AbortSignal },
) => Promise<string>;

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
  /** Aborted with an AppError `cancelled` to cancel, with anything else to stop and leave. */
  readonly signal: AbortSignal;
}

type Begin = Extract<Decision, { kind: "begin" }>;

interface Outcome {
  readonly status: "completed" | "failed" | "cancelled";
  readonly atMs: number;
  readonly result: string | null;
  readonly error: ErrorRow | null;
}

/**
 * Runs an execution to its end.
 * @throws {AppError} `lease_lost` when another owner has it, `store_unavailable`; what the
 * signal was aborted with when it was told to stop.
 */
export async function enact(options: EnactmentOptions): Promise<FinalStatus> {
  const { executionId, workflow, now, signal } = options;
  const attempts: Attempt[] = [];
  let settled = open(options, attempts);
  if (isStopped(signal)) throw signal.reason;
  for (;;) {
    const decision = isCancelled(signal)
      ? { kind: "finish" as const, status: "cancelled" as const, error: null }
      : decide(workflow, attempts, now());
    if (decision.kind === "finish") {
      await finish(options, settled, decision.status, decision.error);
      return decision.status;
    }
    if (isStopped(signal)) {
      // What the last step came to is kept; the next one is not begun.
      await commit(options, settled);
      throw signal.reason;
    }
    if (decision.kind === "wait") {
      await commit(options, settled);
      settled = nothingSettled;
      await sleep(decision.untilMs - now(), signal);
      continue;
    }
    const startedAtMs = now();
    await commit(options, settled, beginWrite(options, decision, startedAtMs));
    options.publish(stepEvent(executionId, workflow.name, "step.started", decision));
    const outcome = await attemptStep(options, decision.step);
    attempts.push(attemptOf(decision, startedAtMs, outcome));
    settled = settle(options, decision, outcome);
  }
}

/** What has come about: committed with the next decision, published after it. */
interface Settled {
  readonly writes: readonly Write[];
  readonly events: readonly EngineEvent[];
}

const nothingSettled: Settled = { writes: [], events: [] };

/**
 * Takes the lease, where that is still to be done, and closes the attempts that were running when
 * the daemon ended: their replies will never come.
 */
function open(options: EnactmentOptions, attempts: Attempt[]): Settled {
  const { claim, executionId, workflow } = options;
  const atMs = options.now();
  const error: ErrorRow = { code: "interrupted", message: "the daemon ended while it ran" };
  const interrupted: Outcome = { status: "cancelled", atMs, result: null, error };
  const writes: Write[] = claim ? [claim] : [];
  for (const attempt of options.attempts) {
    const isCutOff = attempt.status === "running";
    if (isCutOff) writes.push(completeWrite(options, attempt, interrupted));
    attempts.push(isCutOff ? attemptOf(attempt, attempt.startedAtMs, interrupted) : attempt);
  }
  return { writes, events: [startedEvent(executionId, workflow.name)] };
}

async function attemptStep(options: EnactmentOptions, step: Step): Promise<Outcome> {
  const { invoke, now, signal } = options;
  const address = capabilityAddress(step.agent, step.capability);
  try {
    signal.throwIfAborted();
    const input = JSON.stringify(step.params);
    const result = await invoke(address, input, { timeoutMs: step.timeoutMs, signal });
    return { status: "completed", atMs: now(), result, error: null };
  } catch (thrown) {
    const { code, message } = toErrorData(thrown, "internal");
    const ended = { atMs: now(), result: null };
    if (isCancelled(signal)) return { status: "cancelled", error: null, ...ended };
    // The attempt stays running in the store, for the next daemon.
    if (isStopped(signal)) throw signal.reason;
    return { status: "failed", error: { code, message }, ...ended };
  }
}

function attemptOf(
  { index, attempt }: Pick<Attempt, "index" | "attempt">,
  startedAtMs: number,
  { status, atMs, error }: Outcome,
): Attempt {
  return { index, attempt, status, startedAtMs, completedAtMs: atMs, error };
}

function settle(options: EnactmentOptions, begun: Begin, outcome: Outcome): Settled {
  const { executionId, workflow } = options;
  const topic = `step.${outcome.status}` as const;
  return {
    writes: [completeWrite(options, begun, outcome)],
    events: [stepEvent(executionId, workflow.name, topic, begun, outcome.error)],
  };
}

async function finish(
  options: EnactmentOptions,
  settled: Settled,
  status: FinalStatus,
  error: ErrorRow | null,
): Promise<void> {
  const { executionId, owner, now, workflow } = options;
  await commit(options, settled, finishWrite(executionId, owner, status, now(), error));
  options.publish(endedEvent(executionId, workflow.name, status, error));
}

/** Ends an execution, with `error` where it failed. */
export function finishWrite(
  executionId: ExecutionId,
  owner: string,
  status: FinalStatus,
  at: number,
  error: ErrorRow | null,
): Write {
  return write(finishExecution, {
    execution_id: executionId,
    owner,
    status,
    at,
    result: null,
    error_code: error?.code ?? null,
    error_message: error?.message ?? null,
  });
}

async function commit(
  options: EnactmentOptions,
  settled: Settled,
  ...next: readonly Write[]
): Promise<void> {
  const writes = [...settled.writes, ...next];
  if (writes.length === 0) return;
  const applied = await options.commits.commit(writes);
  if (applied.includes(false)) throw leaseLost(options.executionId);
  for (const event of settled.events) options.publish(event);
}

/** What an enactment ends with when its execution is no longer this daemon's to advance. */
export function leaseLost(id: ExecutionId): AppError {
  return new AppError(
    "lease_lost",
    `Cannot advance execution "${id}": it has ended, or another daemon has taken it`,
  );
}

function beginWrite(
  { executionId, owner }: EnactmentOptions,
  { step, index, attempt }: Begin,
  at: number,
): Write {
  const { name } = step;
  return write(beginStep, { execution_id: executionId, name, index, attempt, owner, at });
}

function completeWrite(
  { executionId, owner }: EnactmentOptions,
  { index, attempt }: Pick<Attempt, "index" | "attempt">,
  { status, atMs, result, error }: Outcome,
): Write {
  return write(completeStep, {
    execution_id: executionId,
    index,
    attempt,
    owner,
    status,
    at: atMs,
    result,
    error_code: error?.code ?? null,
    error_message: error?.message ?? null,
  });
}

function isCancelled(signal: AbortSignal): boolean {
  return signal.aborted && signal.reason instanceof AppError && signal.reason.code === "cancelled";
}

/** Whether it was told to stop and leave the rest to another. */
function isStopped(signal: AbortSignal): boolean {
  return signal.aborted && !isCancelled(signal);
}

/** Resolves after `ms`, or at once when cancelled; rejects when told to stop. */
function sleep(ms: number, signal: AbortSignal): Promise<void> {
  return new Promise((resolve, reject) => {
    const end = (): void => {
      clearTimeout(timer);
      signal.removeEventListener("abort", end);
      if (isStopped(signal)) reject(signal.reason);
      else resolve();
    };
    const timer = setTimeout(end, Math.max(0, ms));
    signal.addEventListener("abort", end);
    if (signal.aborted) end();
  });
}
