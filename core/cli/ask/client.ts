/** The control plane's routes as typed calls. Answers are trusted to have the types of `api.ts`. */

import { AppError } from "../../errors.ts";
import type { AgentView } from "../../http/agents_api.ts";
import type { BackupsAnswer, BackupView } from "../../http/backups_api.ts";
import type {
  ExecutionEvent,
  ExecutionsAnswer,
  ExecutionView,
  FindingView,
  HealthReport,
  ProblemView,
  QueueView,
  SavedView,
  ScheduleExplanation,
  ScheduleView,
  SourceView,
  StatisticsView,
  SystemView,
  ValidationView,
  WorkflowView,
} from "../../http/api.ts";
import { serverEvents } from "./event_stream.ts";
import type { Wire } from "./wire.ts";

/** The answer to `agent list`. */
export interface AgentsAnswer {
  readonly agents: readonly AgentView[];
  /** The problems of agents.yaml. */
  readonly problems: readonly ProblemView[];
}

/** The answer to `workflow list`. */
export interface WorkflowsAnswer {
  readonly workflows: readonly WorkflowView[];
  readonly problems: readonly ProblemView[];
}

/** Which executions to list; without a limit, the daemon's default applies. */
export interface HistoryQuery {
  readonly workflow?: string | undefined;
  readonly status?: string | undefined;
  readonly limit?: number | undefined;
  readonly cursor?: string | undefined;
}

/** The answer to `market findings`, newest first. */
export interface FindingsAnswer {
  readonly findings: readonly FindingView[];
}

/** The answer to `market sources`. */
export interface SourcesAnswer {
  readonly sources: readonly SourceView[];
}

/** The answer to `schedule list`. */
export interface SchedulesAnswer {
  readonly schedules: readonly ScheduleView[];
}

/** The answer to `schedule backfill`. */
export interface BackfillAnswer {
  readonly schedule: string;
  readonly instants: number;
  /** The instants that had not fired before. */
  readonly entered: number;
}

/** What an execution can be asked to do. */
export type ExecutionVerb = "cancel" | "pause" | "resume" | "retry" | "rerun";

/** The daemon's own limit for a backup, and some. */
const backupMsMax = 3_700_000;

/** A link that logs a browser in to the daemon's page; it works once. */
export interface LinkAnswer {
  readonly url: string;
}

/** Every call fails with an {@link AppError}: `not_reachable`, `bad_answer`, or the daemon's. */
export class Client {
  readonly #wire: Wire;

  constructor(wire: Wire) {
    this.#wire = wire;
  }

  agents(): Promise<AgentsAnswer> {
    return this.#wire.ask("GET", "/agents");
  }

  agent(id: string): Promise<AgentView> {
    return this.#wire.ask("GET", `/agents/${encodeURIComponent(id)}`);
  }

  reloadAgent(id: string): Promise<AgentView> {
    return this.#wire.ask("POST", `/agents/${encodeURIComponent(id)}/reload`);
  }

  workflows(): Promise<WorkflowsAnswer> {
    return this.#wire.ask("GET", "/workflows");
  }

  statistics(workflow: string): Promise<StatisticsView> {
    return this.#wire.ask("GET", `/workflows/${encodeURIComponent(workflow)}/statistics`);
  }

  /** Checks a text of workflows without saving it; its problems name the file `file`. */
  validate(text: string, file: string): Promise<ValidationView> {
    return this.#wire.ask("POST", `/workflows/validate?${new URLSearchParams({ file })}`, { text });
  }

  saveWorkflow(name: string, text: string): Promise<SavedView> {
    return this.#wire.ask("PUT", `/workflows/${encodeURIComponent(name)}`, { text });
  }

  start(
    workflow: string,
    { inputs = {}, priority, asOf }: {
      readonly inputs?: Readonly<Record<string, unknown>>;
      readonly priority?: number | undefined;
      /** An instant in any form that `--as-of` accepts. */
      readonly asOf?: string | undefined;
    } = {},
  ): Promise<ExecutionView> {
    const path = `/workflows/${encodeURIComponent(workflow)}/executions`;
    const search = new URLSearchParams({
      ...(priority !== undefined && { priority: String(priority) }),
      ...(asOf !== undefined && { as_of: asOf }),
    });
    return this.#wire.ask("POST", search.size === 0 ? path : `${path}?${search}`, { body: inputs });
  }

  steerExecution(id: string, verb: ExecutionVerb): Promise<ExecutionView> {
    return this.#wire.ask("POST", `/executions/${encodeURIComponent(id)}/${verb}`);
  }

  /** Newest first. */
  executions(query: HistoryQuery = {}): Promise<ExecutionsAnswer> {
    const given = Object.entries(query).filter(([, value]) => value !== undefined);
    const search = new URLSearchParams(given.map(([name, value]) => [name, String(value)]));
    return this.#wire.ask("GET", search.size === 0 ? "/executions" : `/executions?${search}`);
  }

  execution(id: string, signal?: AbortSignal): Promise<ExecutionView> {
    return this.#wire.ask("GET", `/executions/${encodeURIComponent(id)}`, { signal });
  }

  /** The execution now and after each change, until it ends or the stream breaks. */
  async *events(id: string, signal: AbortSignal): AsyncGenerator<ExecutionEvent, void, undefined> {
    const body = await this.#wire.open(`/executions/${encodeURIComponent(id)}/events`, signal);
    for await (const { name, data } of serverEvents(body, { signal })) {
      if (name !== "execution" && name !== "step") continue;
      const event = JSON.parse(data) as Partial<ExecutionEvent>;
      if (!event.execution) throw new AppError("bad_answer", `Cannot read an event of "${id}"`);
      yield event as ExecutionEvent;
    }
  }

  /** The findings of one symbol, or of all symbols. */
  findings(symbol?: string, limit?: number): Promise<FindingsAnswer> {
    const query = new URLSearchParams();
    if (symbol !== undefined) query.set("symbol", symbol);
    if (limit !== undefined) query.set("limit", String(limit));
    return this.#wire.ask(
      "GET",
      query.size === 0 ? "/market/findings" : `/market/findings?${query}`,
    );
  }

  sources(): Promise<SourcesAnswer> {
    return this.#wire.ask("GET", "/market/sources");
  }

  schedules(): Promise<SchedulesAnswer> {
    return this.#wire.ask("GET", "/schedules");
  }

  schedule(id: string): Promise<ScheduleExplanation> {
    return this.#wire.ask("GET", `/schedules/${encodeURIComponent(id)}`);
  }

  /** Writes the schedule into the workflow's file. */
  setSchedule(workflow: string, schedule: object): Promise<ScheduleExplanation> {
    const path = `/schedules/${encodeURIComponent(workflow)}`;
    return this.#wire.ask("PUT", path, { body: schedule });
  }

  steer(id: string, verb: "pause" | "resume" | "trigger"): Promise<ScheduleExplanation> {
    return this.#wire.ask("POST", `/schedules/${encodeURIComponent(id)}/${verb}`);
  }

  backfill(id: string, from: string, to: string): Promise<BackfillAnswer> {
    return this.#wire.ask("POST", `/schedules/${encodeURIComponent(id)}/backfill`, {
      body: { from, to },
    });
  }

  queue(): Promise<QueueView> {
    return this.#wire.ask("GET", "/queue");
  }

  system(): Promise<SystemView> {
    return this.#wire.ask("GET", "/system");
  }

  health(): Promise<HealthReport> {
    return this.#wire.ask("GET", "/system/health");
  }

  /** Waits until the backup is whole. */
  backUp(name: string | undefined): Promise<BackupView> {
    return this.#wire.ask("POST", "/system/backups", { body: { name }, answerMsMax: backupMsMax });
  }

  backups(): Promise<BackupsAnswer> {
    return this.#wire.ask("GET", "/system/backups");
  }

  loginLink(): Promise<LinkAnswer> {
    return this.#wire.ask("POST", "/login_links");
  }
}
