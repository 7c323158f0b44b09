/** Watches a daemon while others misbehave: does it answer, and does a healthy agent? */

import assert from "node:assert/strict";
import type { ExecutionView } from "../../../core/http/api.ts";
import type { DaemonProcess } from "../daemon_process.ts";

const healthEveryMs = 20;
const healthMsMax = 10_000;

/** Starts a workflow and waits for its end. */
export async function enact(daemon: DaemonProcess, workflow: string): Promise<ExecutionView> {
  const started = await daemon.api(`/workflows/${workflow}/executions`, { method: "POST" });
  const { execution_id: id } = await started.json() as ExecutionView;
  assert.equal(started.status, 202, workflow);
  // The stream ends with the execution.
  await (await daemon.api(`/executions/${id}/events`)).text();
  return await (await daemon.api(`/executions/${id}`)).json() as ExecutionView;
}

/** Asks again and again until it is closed: `await using watch = new Watch(daemon)`. */
export class Watch implements AsyncDisposable {
  /** The time that each `/health` took, in milliseconds. */
  readonly healthMs: number[] = [];
  /** How the healthy agent's executions ended. */
  readonly endings: string[] = [];
  readonly #daemon: DaemonProcess;
  readonly #watching: Promise<unknown>;
  #isOver = false;

  constructor(daemon: DaemonProcess) {
    this.#daemon = daemon;
    this.#watching = Promise.all([this.#watchHealth(), this.#watchAgent()]);
  }

  /** Stops asking; throws when something was not answered. */
  async end(): Promise<void> {
    this.#isOver = true;
    await this.#watching;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.#isOver = true;
    await Promise.allSettled([this.#watching]);
  }

  async #watchHealth(): Promise<void> {
    while (!this.#isOver) {
      const askedAtMs = performance.now();
      const signal = AbortSignal.timeout(healthMsMax);
      const response = await fetch(`${this.#daemon.url}/health`, { signal });
      assert.equal((await response.json() as { status: string }).status, "ok");
      this.healthMs.push(performance.now() - askedAtMs);
      await new Promise((resolve) => setTimeout(resolve, healthEveryMs));
    }
  }

  async #watchAgent(): Promise<void> {
    while (!this.#isOver) {
      const { status, error } = await enact(this.#daemon, "healthy");
      this.endings.push(error ? `${status}: ${error.message}` : status);
    }
  }
}
