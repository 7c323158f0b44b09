/**
 * The control plane's answers as the wire carries them: the contract between routes, pages and
 * the CLI. Types alone, so that the CLI loads nothing of the daemon.
 *
 * Times are UTC ISO strings, durations seconds. Errors are {@link ProblemAnswer}s.
 *
 * | route | answer |
 * |---|---|
 * | GET /health | HealthAnswer, without a token |
 * | GET /api/v1/system | SystemView |
 * | GET /api/v1/system/health | HealthReport |
 * | GET /api/v1/system/backups | BackupsAnswer of `backups_api.ts`, as for the next |
 * | POST /api/v1/system/backups { name } | 201 BackupView, when the backup is whole |
 * | GET /api/v1/agents | { agents: AgentView[], problems: ProblemView[] }: those of agents.yaml |
 * | GET /api/v1/agents/:id | AgentView |
 * | POST /api/v1/agents/:id/reload | AgentView |
 * | GET /api/v1/workflows | { workflows: WorkflowView[], problems: ProblemView[] } |
 * | GET /api/v1/workflows/:name | WorkflowView |
 * | PUT /api/v1/workflows/:name, its text | SavedView, 201 for a new one |
 * | POST /api/v1/workflows/validate?file=, a text | ValidationView |
 * | GET /api/v1/workflows/schema.json | JSON Schema of workflow files, for editors |
 * | GET /api/v1/workflows/:name/statistics | StatisticsView |
 * | POST /api/v1/workflows/:name/executions?priority=&as_of= | 202 ExecutionView (pending) |
 * | GET /api/v1/executions?workflow=&status=&limit=&cursor= | ExecutionsAnswer, newest first |
 * | GET /api/v1/executions/:id | ExecutionView with steps |
 * | GET /api/v1/executions/:id/steps/:step/items?from=&limit= | { items: ItemView[] } |
 * | GET /api/v1/executions/:id/steps/:step/result?item= | the result alone, of any size |
 * | POST /api/v1/executions/:id/cancel, /pause, /resume, /retry | 202 ExecutionView |
 * | POST /api/v1/executions/:id/rerun | 202 ExecutionView (another one) |
 * | GET /api/v1/executions/:id/events | event stream of ExecutionEvent until it ends |
 * | GET /api/v1/market/findings?symbol=&severity=&limit= | { findings: FindingView[] } |
 * | GET /api/v1/market/sources | { sources: SourceView[] }, in the order in which they are asked |
 * | GET /metrics | metrics in Prometheus' text format |
 * | GET /api/v1/events?topic=&topic= | event stream of ToldEvent; `execution.*`, all without one |
 * | GET /api/v1/queue | QueueView |
 * | GET /api/v1/schedules | { schedules: ScheduleView[] } |
 * | GET /api/v1/schedules/:id | ScheduleExplanation |
 * | PUT /api/v1/schedules/:workflow { every } … | ScheduleExplanation; the keys of `schedule:` |
 * | POST /api/v1/schedules/:id/pause, /resume | ScheduleExplanation |
 * | POST /api/v1/schedules/:id/trigger | 202 ScheduleExplanation |
 * | POST /api/v1/schedules/:id/backfill { from, to } | 202 { schedule, instants, entered } |
 * | POST /api/v1/login_links | { url } |
 */

import type { ErrorCode } from "../errors.ts";
import type { CacheView } from "./agents_api.ts";
import type {
  AgentStatus,
  ExecutionStatus,
  FiringCause,
  FiringStatus,
  StepStatus,
} from "../statuses.ts";

export interface HealthAnswer {
  readonly status: "ok";
  readonly version: string;
}

/** `application/problem+json` (RFC 9457). */
export interface ProblemAnswer {
  readonly type: "about:blank";
  readonly title: string;
  readonly status: number;
  readonly detail: string;
  readonly code: ErrorCode;
  readonly details?: unknown;
}

/** Something wrong with a value that a source gave. */
export interface FindingView {
  readonly rule: string;
  readonly severity: "info" | "warning" | "error";
  readonly symbol: string;
  readonly interval: string | null;
  /** The instant of the value, where it has one. */
  readonly at: string | null;
  readonly message: string;
  readonly source: string;
  readonly agent: string;
  readonly first_seen_at: string;
  readonly last_seen_at: string;
  readonly seen_count: number;
}

/** How a market source does, since its host started. */
export interface SourceView {
  readonly source: string;
  readonly breaker: "closed" | "open" | "half_open";
  readonly paused_until: string | null;
  readonly asked: number;
  readonly calls: number;
  readonly coalesced: number;
  readonly retried: number;
  readonly timed_out: number;
  readonly refused: number;
  readonly served_stale: number;
  readonly failures: Readonly<Record<string, number>>;
  /** How long calls took, failed ones too; a bucket counts all up to its bound. */
  readonly latency: {
    readonly count: number;
    readonly sum_seconds: number;
    readonly buckets: readonly { readonly le_seconds: number; readonly count: number }[];
  };
}

export interface WorkflowView {
  readonly name: string;
  readonly description: string;
  readonly enabled: boolean;
  readonly file: string;
  readonly schedule: string | null;
  readonly steps: readonly {
    readonly name: string;
    readonly agent: string;
    readonly capability: string;
    readonly params: unknown;
    readonly timeout_seconds: number;
  }[];
}

/** A workflow that was saved, and what in it may not be meant. */
export interface SavedView extends WorkflowView {
  readonly warnings: readonly ProblemView[];
}

/** What a text of workflows would come to; nothing is kept. */
export interface ValidationView {
  /** Whether there is no problem. */
  readonly ok: boolean;
  /** Names, when it can be read. */
  readonly workflows: readonly string[];
  readonly problems: readonly ProblemView[];
  /** What runs, but may not be meant. */
  readonly warnings: readonly ProblemView[];
}

/** A mistake in a workflow file. */
export interface ProblemView {
  readonly file: string;
  readonly line: number;
  readonly column: number;
  readonly message: string;
  /** The line of the file with a caret below the place, where it can be shown. */
  readonly excerpt?: string;
}

export interface StepView {
  readonly name: string;
  readonly index: number;
  readonly agent: string;
  readonly capability: string;
  readonly status: StepStatus;
  /** The try this row is about, counted from 1; 0 for a step not yet begun. */
  readonly attempt: number;
  readonly started_at: string | null;
  readonly completed_at: string | null;
  readonly duration_seconds: number | null;
  /** Null where there is none, for items, and for one that is too large to be shown here. */
  readonly result: unknown;
  /** Of a result that is too large to be shown here: see `/steps/:step/result`. */
  readonly result_bytes: number | null;
  readonly error: { readonly code: ErrorCode; readonly message: string } | null;
  /** Of a step with `for_each`: how its items are. */
  readonly items?: {
    readonly begun: number;
    readonly completed: number;
    readonly failed: number;
    readonly running: number;
  };
}

/** An item of a step with `for_each`, at its latest attempt. */
export interface ItemView
  extends
    Pick<StepView, "status" | "attempt" | "started_at" | "completed_at" | "duration_seconds">,
    Pick<StepView, "result" | "result_bytes" | "error"> {
  /** Its place in the list, from 0. */
  readonly item: number;
}

export interface ExecutionView {
  readonly execution_id: string;
  readonly workflow: string;
  readonly status: ExecutionStatus;
  readonly created_at: string;
  readonly started_at: string | null;
  readonly completed_at: string | null;
  readonly duration_seconds: number | null;
  /** What it was started with, defaults included. */
  readonly inputs: Readonly<Record<string, unknown>>;
  /** What its workflow's `outputs` gave; null before it has completed, and without any. */
  readonly outputs: Readonly<Record<string, unknown>> | null;
  /** The execution that it repeats. */
  readonly rerun_of: string | null;
  /** The instant that it sees up to; null: now. */
  readonly as_of: string | null;
  readonly error: { readonly code: ErrorCode; readonly message: string } | null;
  /** One for each step, at its latest attempt, in order; absent in lists. */
  readonly steps?: readonly StepView[];
}

export interface ExecutionsAnswer {
  readonly executions: readonly ExecutionView[];
  /** For the next page; null on the last one. */
  readonly next_cursor: string | null;
}

/** One line of an execution's event stream; the SSE event's name is `kind`. */
export interface ExecutionEvent {
  readonly kind: "execution" | "step";
  readonly execution: ExecutionView;
  /** For `step`: the step that changed. */
  readonly step?: StepView;
}

/** From start to end, of what completed or failed; null while nothing has. */
export interface DurationsView {
  readonly avg_duration_seconds: number | null;
  /** By nearest rank. */
  readonly p50_duration_seconds: number | null;
  readonly p95_duration_seconds: number | null;
  readonly p99_duration_seconds: number | null;
}

/** Of the attempts in the newest executions: 10,000 of them, 200,000 attempts at most. */
export interface StepStatisticsView extends DurationsView {
  readonly step: string;
  readonly attempts: number;
  readonly completed: number;
  readonly failed: number;
  readonly success_rate: number | null;
}

export interface StatisticsView extends DurationsView {
  readonly workflow: string;
  readonly total_executions: number;
  readonly successful: number;
  readonly failed: number;
  readonly cancelled: number;
  /** Percent of the completed and failed ones, 0 to 100; null when there is none. */
  readonly success_rate: number | null;
  readonly last_execution: string | null;
  readonly steps: readonly StepStatisticsView[];
}

export interface SystemView {
  readonly status: "ok" | "degraded";
  readonly version: string;
  readonly uptime_seconds: number;
  readonly pid: number;
  /** Sources in the order in which they are asked. */
  readonly market_data: string;
  /** Whether one of them is made up. */
  readonly market_is_simulated: boolean;
  readonly database: string;
  readonly rss_bytes: number;
  readonly agents: Readonly<Record<AgentStatus, number>>;
  /** How much is wrong with agents.yaml: what it said before is in force then. */
  readonly settings_problems: number;
  /** Threads that no longer yield: each burns a core until the daemon ends. */
  readonly wedged_threads: number;
  readonly workflows: { readonly enabled: number; readonly all: number; readonly problems: number };
  readonly executions: {
    readonly running: number;
    readonly pending: number;
    readonly running_max: number;
  };
  readonly bus: {
    readonly sent: number;
    readonly received: number;
    readonly resent: number;
    readonly duplicates: number;
    readonly lost_events: number;
  };
  readonly cache: CacheView & { readonly evictions: number };
}

export interface HealthCheck {
  readonly name: string;
  readonly ok: boolean;
  readonly detail: string;
}

export interface HealthReport {
  readonly ok: boolean;
  readonly checks: readonly HealthCheck[];
}

/** A schedule; its id is its workflow's name, `name.2` for the second of a list. */
export interface ScheduleView {
  readonly schedule: string;
  readonly workflow: string;
  readonly rule: string;
  readonly timezone: string;
  readonly enabled: boolean;
  readonly paused: boolean;
  readonly overlap: "skip" | "queue";
  readonly catch_up: "none" | "latest" | "all";
  readonly jitter_seconds: number;
  readonly priority: number;
  /** Null when it is not to come: paused, disabled, or at its end. */
  readonly next_at: string | null;
}

/** What became of one due instant. */
export interface FiringView {
  readonly due_at: string;
  readonly status: FiringStatus;
  readonly cause: FiringCause;
  readonly execution_id: string | null;
  /** Why it was skipped. */
  readonly reason: string | null;
  readonly fired_at: string | null;
}

export interface ScheduleExplanation extends ScheduleView {
  /** The next due instants, as if it were neither paused nor disabled. */
  readonly next: readonly {
    readonly due_at: string;
    /** With offset and zone: `2026-11-27T13:15:00-05:00[America/New_York]`. */
    readonly local: string;
    readonly why: string;
  }[];
  /** The latest, newest first. */
  readonly firings: readonly FiringView[];
}

/** One line of the stream of events; the SSE event's name is `topic`. */
export interface ToldEvent {
  readonly topic: string;
  /** The agent that told it, or `daemon`. */
  readonly from: string;
  readonly at: string;
  readonly body: unknown;
}

/** What waits to be started. */
export interface QueueView {
  readonly waiting: number;
  readonly oldest_wait_seconds: number | null;
  readonly lanes: readonly {
    readonly workflow: string;
    readonly priority: number;
    readonly waiting: number;
    readonly oldest_wait_seconds: number;
  }[];
}
