/**
 * A daemon in the test's own process, on a temporary folder and a free port:
 * `await using daemon = await startTestDaemon();`. The market is the simulated one.
 */

import { fileURLToPath } from "node:url";
import { readConfig } from "../../core/config.ts";
import { type Daemon, startDaemon } from "../../core/daemon.ts";
import type { AppError } from "../../core/errors.ts";
import type { ExecutionView } from "../../core/http/api.ts";
import { createLog } from "../../core/log.ts";
import { eventually } from "./eventually.ts";
import { readRows } from "./read_rows.ts";
import { makeTempFolder } from "./temp_folder.ts";

export interface TestDaemon extends AsyncDisposable {
  readonly daemon: Daemon;
  /** What it logged, a line of JSON each. */
  readonly log: readonly string[];
  /** A request with the token; `path` under `/api/v1`. */
  api(path: string, init?: RequestInit): Promise<Response>;
  /** Starts a workflow and waits for its end, 30 s if not told otherwise. */
  run(workflow: string, withinMs?: number): Promise<ExecutionView>;
  /** What is in the database's tables. */
  rows(sql: string): ReturnType<typeof readRows>;
  /** Asks an agent, as the engine does; as of an earlier instant where one is given. */
  ask(address: string, input: unknown, asOfMs?: number): Promise<unknown>;
}

/** `environment` adds to, or replaces, the test's own settings. */
export async function startTestDaemon(
  environment: Readonly<Record<string, string>> = {},
): Promise<TestDaemon> {
  const folder = await makeTempFolder();
  const lines: string[] = [];
  const config = readConfig({
    AC100_DATA_DIR: folder.path,
    AC100_AGENTS_DIR: fileURLToPath(new URL("../../agents", import.meta.url)),
    AC100_WORKFLOWS_DIR: fileURLToPath(new URL("../../workflows", import.meta.url)),
    // Isolation has tests of its own; threads start sooner.
    AC100_ISOLATION: "thread",
    AC100_MARKET_DATA: "simulated",
    AC100_PORT: "0",
    AC100_SHUTDOWN_SECONDS: "1",
    ...environment,
  });
  const log = createLog({
    threshold: "debug",
    write: (line) => lines.push(line),
    pretty: false,
  });
  const onFatal = (error: AppError): never => {
    throw error;
  };
  const daemon = await startDaemon({ config, log, onFatal }).catch(async (thrown) => {
    await folder[Symbol.asyncDispose]();
    throw thrown;
  });
  const api = (path: string, init: RequestInit = {}): Promise<Response> => {
    const headers = new Headers(init.headers);
    headers.set("authorization", `Bearer ${daemon.token}`);
    return fetch(`${daemon.url}/api/v1${path}`, { ...init, headers });
  };
  return {
    daemon,
    log: lines,
    api,
    run: async (workflow, withinMs = 30_000) => {
      const response = await api(`/workflows/${workflow}/executions`, { method: "POST" });
      const started = await response.json() as ExecutionView;
      if (!response.ok) throw new Error(JSON.stringify(started));
      return await eventually(async () => {
        const view = await (await api(`/executions/${started.execution_id}`)).json();
        const { status } = view as ExecutionView;
        return status === "pending" || status === "running" ? undefined : view as ExecutionView;
      }, { withinMs });
    },
    rows: (sql) => readRows(config.databaseUrl, sql),
    ask: async (address, input, asOfMs) =>
      JSON.parse(
        await daemon.plane.hosts.invoke({
          address,
          input: JSON.stringify(input),
          caller: "daemon",
          timeoutMs: 20_000,
          asOfMs,
          signal: new AbortController().signal,
        }),
      ),
    [Symbol.asyncDispose]: async () => {
      await daemon.close();
      await folder[Symbol.asyncDispose]();
    },
  };
}
