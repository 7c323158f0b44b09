/**
 * An execution as a stream of server-sent events: where it stands now, then each change, until it
 * ends. Every event carries the whole view, so a reader that missed one has lost nothing. A view
 * may be large: it is read when the reader has taken the one before, and until then only what has
 * changed is kept: the ten thousand items of a step are one change of it.
 */

import type { BusEvent } from "../../bus/bus.ts";
import { AppError, messageOf } from "../../errors.ts";
import type { ExecutionId } from "../../ids.ts";
import type { ExecutionEvent, ExecutionView } from "../api.ts";
import type { ControlPlane } from "../control_plane.ts";
import { readExecution } from "../views/executions.ts";
import { isFinal } from "../../statuses.ts";

const streamsMax = 500;
const commentEveryMs = 15_000;
const encoder = new TextEncoder();
let streamsOpen = 0;

/** @throws {AppError} `unknown_execution`; `overloaded` when too many streams are open. */
export async function executionStream(plane: ControlPlane, id: ExecutionId): Promise<Response> {
  await readExecution(plane.store, plane.definitions, id);
  if (streamsOpen >= streamsMax) {
    throw new AppError("overloaded", `Cannot stream execution "${id}": ${streamsMax} are open`);
  }
  const follower = new Follower(plane, id);
  const body = new ReadableStream<Uint8Array>({
    start: (controller) => follower.begin(controller),
    pull: () => follower.goOn(),
    cancel: () => follower.stop(),
  });
  return new Response(body, {
    headers: { "content-type": "text/event-stream", "cache-control": "no-store" },
  });
}

/** Sends until the execution, the reader or the daemon ends. */
class Follower {
  readonly #plane: ControlPlane;
  readonly #id: ExecutionId;
  /** What has changed since the reader took it: steps by name, undefined for the execution. */
  readonly #changes = new Set<string | undefined>([undefined]);
  readonly #undo: (() => void)[] = [];
  #controller: ReadableStreamDefaultController<Uint8Array> | undefined;
  #sending = false;

  constructor(plane: ControlPlane, id: ExecutionId) {
    this.#plane = plane;
    this.#id = id;
  }

  begin(controller: ReadableStreamDefaultController<Uint8Array>): void {
    const { bus, signal } = this.#plane;
    streamsOpen++;
    this.#controller = controller;
    const end = (): void => this.#end();
    const hear = (event: BusEvent): void => this.#hear(event);
    const comments = setInterval(() => this.#comment(), commentEveryMs);
    signal.addEventListener("abort", end);
    this.#undo.push(
      () => streamsOpen--,
      () => clearInterval(comments),
      () => signal.removeEventListener("abort", end),
      ...["execution.*", "step.*"].map((topic) => bus.subscribe(topic, hear)),
    );
  }

  /** Sends what waits, as far as the reader takes it: one after the other, for each is read. */
  async goOn(): Promise<void> {
    if (this.#sending) return;
    this.#sending = true;
    try {
      while (this.#isTaken) {
        const [change] = this.#changes;
        if (this.#changes.size === 0) return;
        // Told before it is read: what changes meanwhile is told again.
        this.#changes.delete(change);
        const { store, definitions } = this.#plane;
        const execution = await readExecution(store, definitions, this.#id);
        this.#send(eventText(execution, change));
        if (isFinal(execution.status)) this.#end();
      }
    } catch (thrown) {
      this.#plane.log.error("stream broke", { execution: this.#id, reason: messageOf(thrown) });
      this.#end();
    } finally {
      this.#sending = false;
    }
  }

  /** Sends nothing more. */
  stop(): void {
    this.#controller = undefined;
    for (const undo of this.#undo.splice(0)) undo();
  }

  #end(): void {
    this.#controller?.close();
    this.stop();
  }

  #hear({ from, topic, body }: BusEvent): void {
    const { execution_id: id, step } = JSON.parse(body) as { execution_id?: string; step?: string };
    if (from !== "daemon" || id !== this.#id) return;
    this.#changes.add(topic.startsWith("step.") ? step : undefined);
    void this.goOn();
  }

  #comment(): void {
    if (this.#isTaken) this.#send(":\n\n");
  }

  /** Whether the reader has taken all that was sent. */
  get #isTaken(): boolean {
    return (this.#controller?.desiredSize ?? 0) > 0;
  }

  #send(text: string): void {
    this.#controller?.enqueue(encoder.encode(text));
  }
}

function eventText(execution: ExecutionView, stepName: string | undefined): string {
  const step = execution.steps?.find(({ name }) => name === stepName);
  const event: ExecutionEvent = step
    ? { kind: "step", execution, step }
    : { kind: "execution", execution };
  return `event: ${event.kind}\ndata: ${JSON.stringify(event)}\n\n`;
}
