/** A control plane in the test's hands: answers what it is told to, over a real socket. */

import type { AgentView } from "../../../core/http/agents_api.ts";
import type {
  ExecutionEvent,
  ExecutionView,
  ProblemAnswer,
  StepView,
} from "../../../core/http/api.ts";
import type { ErrorCode } from "../../../core/errors.ts";

export type Route = (request: Request) => Response | Promise<Response>;

export interface FakeDaemon extends AsyncDisposable {
  readonly url: string;
  readonly token: string;
  /** What was asked, `GET /agents`, in order. */
  readonly asked: string[];
}

const root = "/api/v1";

/** Serves routes named like `GET /agents`; every one of them wants the token. */
export function startFakeDaemon(routes: Readonly<Record<string, Route>>): FakeDaemon {
  const token = "token-of-the-fake-daemon";
  const asked: string[] = [];
  const stop = new AbortController();
  const options = { port: 0, hostname: "127.0.0.1", signal: stop.signal, onListen: () => {} };
  const server = Deno.serve(options, (request) => {
    const { pathname, search } = new URL(request.url);
    const name = `${request.method} ${pathname.slice(root.length)}`;
    asked.push(name + search);
    if (request.headers.get("authorization") !== `Bearer ${token}`) {
      return problem("unauthenticated", "no valid token", 401);
    }
    return routes[name]?.(request) ?? problem("unknown_route", `Cannot ${name}: no route`, 404);
  });
  return {
    url: `http://127.0.0.1:${server.addr.port}`,
    token,
    asked,
    async [Symbol.asyncDispose]() {
      stop.abort();
      await server.finished;
    },
  };
}

export function problem(code: ErrorCode, detail: string, status: number): Response {
  const answer: ProblemAnswer = { type: "about:blank", title: "Problem", status, detail, code };
  return Response.json(answer, { status, headers: { "content-type": "application/problem+json" } });
}

/** An event stream of these events, which ends after them unless it is held open. */
export function eventStream(
  events: readonly ExecutionEvent[],
  { end = true }: { readonly end?: boolean } = {},
): Response {
  const body = new ReadableStream<Uint8Array>({
    start(controller) {
      for (const event of events) {
        const text = `event: ${event.kind}\ndata: ${JSON.stringify(event)}\n\n`;
        controller.enqueue(new TextEncoder().encode(text));
      }
      if (end) controller.close();
    },
  });
  return new Response(body, { headers: { "content-type": "text/event-stream" } });
}

export function anAgent(values: Partial<AgentView> = {}): AgentView {
  return {
    id: "test_agent",
    file: "test_agent.ts",
    description: "Echoes and adds",
    status: "idle",
    reason: null,
    capabilities: [{
      name: "echo",
      description: "Gives the message back",
      idempotent: true,
      input: {
        type: "object",
        properties: { message: { type: "string" }, times: { type: "integer" } },
        required: ["message"],
      },
      output: {},
    }],
    secrets: [],
    isolation: "thread",
    origin: "shipped",
    source: null,
    config: [],
    permissions: {},
    subscriptions: [],
    host: null,
    messages: 3,
    errors: 0,
    last_error: null,
    serves_version_of: null,
    cache: { hits: 0, misses: 0, hit_rate: null },
    collections: [],
    ...values,
  };
}

export function anExecution(values: Partial<ExecutionView> = {}): ExecutionView {
  return {
    execution_id: "0198c0de-0000-7000-8000-000000000001",
    workflow: "simple_test",
    status: "running",
    created_at: "2026-01-16T10:28:00.000Z",
    started_at: "2026-01-16T10:28:00.000Z",
    completed_at: null,
    duration_seconds: null,
    inputs: {},
    outputs: null,
    rerun_of: null,
    as_of: null,
    error: null,
    ...values,
  };
}

export function aStep(values: Partial<StepView> = {}): StepView {
  return {
    name: "echo_test",
    index: 0,
    agent: "test_agent",
    capability: "echo",
    status: "completed",
    attempt: 1,
    started_at: "2026-01-16T10:28:00.000Z",
    completed_at: "2026-01-16T10:28:01.000Z",
    duration_seconds: 1,
    result: { message: "Hello from workflow!" },
    result_bytes: null,
    error: null,
    ...values,
  };
}
