/**
 * An execution as a stream of server-sent events: where it stands now, then each change, until it
 * ends. Every event carries the whole view, so a reader that missed one has lost nothing.
 */

import type { BusEvent } from "../bus/bus.ts";
import { AppError, messageOf } from "../errors.ts";
import type { ExecutionId } from "../ids.ts";
import type { ExecutionEvent, ExecutionView } from "./api.ts";
import type { ControlPlane } from "./control_plane.ts";
import { readExecution } from "./execution_views.ts";

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
  let stop = (): void => undefined;
  const body = new ReadableStream<Uint8Array>({
    start(controller) {
      stop = follow(plane, id, controller);
    },
    cancel() {
      stop();
    },
  });
  return new Response(body, {
    headers: { "content-type": "text/event-stream", "cache-control": "no-store" },
  });
}

/** Sends until the execution, the reader or the daemon ends; gives how to stop before. */
function follow(
  plane: ControlPlane,
  id: ExecutionId,
  controller: ReadableStreamDefaultController<Uint8Array>,
): () => void {
  streamsOpen++;
  let stopped = false;
  const stop = (): void => {
    if (stopped) return;
    stopped = true;
    streamsOpen--;
    unsubscribes.forEach((unsubscribe) => unsubscribe());
    clearInterval(comments);
    plane.signal.removeEventListener("abort", end);
  };
  const end = (): void => {
    if (stopped) return;
    stop();
    controller.close();
  };
  const send = (text: string): void => {
    if (!stopped) controller.enqueue(encoder.encode(text));
  };
  // One at a time and in order: each event reads the store.
  let sending: Promise<void> = Promise.resolve();
  const show = (kind: ExecutionEvent["kind"], step?: string): void => {
    sending = sending.then(async () => {
      if (stopped) return;
      const execution = await readExecution(plane.store, plane.definitions, id);
      send(eventText(kind, execution, step));
      if (isFinal(execution)) end();
    }).catch((thrown) => {
      plane.log.error("stream broke", { execution: id, reason: messageOf(thrown) });
      end();
    });
  };
  const hear = (event: BusEvent): void => {
    const body = JSON.parse(event.body) as { execution_id?: string; step?: string };
    if (event.from !== "daemon" || body.execution_id !== id) return;
    if (event.topic.startsWith("step.")) show("step", body.step);
    else show("execution");
  };
  const unsubscribes = ["execution.*", "step.*"].map((topic) => plane.bus.subscribe(topic, hear));
  const comments = setInterval(() => send(":\n\n"), commentEveryMs);
  plane.signal.addEventListener("abort", end);
  show("execution");
  return stop;
}

function eventText(
  kind: ExecutionEvent["kind"],
  execution: ExecutionView,
  stepName: string | undefined,
): string {
  const step = execution.steps?.find(({ name }) => name === stepName);
  const event: ExecutionEvent = step ? { kind, execution, step } : { kind, execution };
  return `event: ${kind}\ndata: ${JSON.stringify(event)}\n\n`;
}

function isFinal({ status }: ExecutionView): boolean {
  return status === "completed" || status === "failed" || status === "cancelled";
}
