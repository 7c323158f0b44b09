/**
 * `/api/v1/events`: what happens, as it is told on the bus, as a stream of server-sent events. A
 * reader that does not keep up misses the oldest of what waits for it, and is told how many.
 */

import { Hono } from "hono";
import type { BusEvent } from "../../bus/bus.ts";
import { AppError } from "../../errors.ts";
import { Mask } from "../../mask.ts";
import type { ToldEvent } from "../api.ts";
import type { ControlPlane } from "../control_plane.ts";

const streamsMax = 100;
const topicsMax = 20;
/** Events that wait for a reader; of more, the newest. */
const waitingMax = 1_000;
const commentEveryMs = 15_000;
const topicPattern = /^(\*|[a-z_]+(\.[a-z_]+)*(\.\*)?)$/;

export function eventRoutes({ bus, signal, config }: ControlPlane): Hono {
  const mask = new Mask(config.secrets);
  const encoder = new TextEncoder();
  let streamsOpen = 0;
  const routes = new Hono();
  routes.get("/", (c) => {
    const topics = readTopics(c.req.queries("topic"));
    if (streamsOpen >= streamsMax) {
      throw new AppError("overloaded", `Cannot stream events: ${streamsMax} streams are open`);
    }
    const backlog = new Backlog();
    const undo: (() => void)[] = [];
    const stop = (): void => undo.splice(0).forEach((each) => each());
    const body = new ReadableStream<Uint8Array>({
      start: (controller) => {
        const send = (text: string): void => controller.enqueue(encoder.encode(text));
        const sendWaiting = (): void => {
          if ((controller.desiredSize ?? 0) > 0) send(backlog.take());
        };
        const end = (): void => {
          stop();
          controller.close();
        };
        const hear = (event: BusEvent): void => {
          backlog.add(textOf(event, mask));
          sendWaiting();
        };
        streamsOpen++;
        signal.addEventListener("abort", end);
        const comments = setInterval(() => {
          backlog.add(":\n\n");
          sendWaiting();
        }, commentEveryMs);
        undo.push(
          () => streamsOpen--,
          () => signal.removeEventListener("abort", end),
          () => clearInterval(comments),
          ...topics.map((topic) => bus.subscribe(topic, hear)),
        );
        send(": listening\n\n");
      },
      pull: (controller) => {
        if (backlog.size > 0) controller.enqueue(encoder.encode(backlog.take()));
      },
      cancel: stop,
    });
    return c.body(body, 200, {
      "content-type": "text/event-stream",
      "cache-control": "no-store",
    });
  });
  return routes;
}

/** What a reader has not taken yet. */
class Backlog {
  #texts: string[] = [];
  #lost = 0;

  get size(): number {
    return this.#texts.length;
  }

  add(text: string): void {
    this.#texts.push(text);
    if (this.#texts.length <= waitingMax) return;
    this.#texts.shift();
    this.#lost++;
  }

  /** All that waits, after how many have been lost before it. */
  take(): string {
    const lost = this.#lost > 0 ? `event: lost\ndata: {"count":${this.#lost}}\n\n` : "";
    const text = lost + this.#texts.join("");
    this.#texts = [];
    this.#lost = 0;
    return text;
  }
}

/** What an agent publishes may hold its secrets. */
function textOf({ topic, from, body }: BusEvent, mask: Mask): string {
  const told: ToldEvent = {
    topic,
    from,
    at: new Date().toISOString(),
    body: JSON.parse(mask.json(body)) as unknown,
  };
  return `event: ${topic}\ndata: ${JSON.stringify(told)}\n\n`;
}

/** One or more; all topics when none is named. A topic that two of them cover is told once. */
function readTopics(asked: readonly string[] = []): readonly string[] {
  const topics = [...new Set(asked.length === 0 ? ["*"] : asked)];
  const wrong = topics.find((topic) => !topicPattern.test(topic));
  if (wrong !== undefined || topics.length > topicsMax) {
    const found = wrong === undefined
      ? `${topics.length} topics are over ${topicsMax}`
      : `"${wrong.slice(0, 60)}" is no topic`;
    throw new AppError(
      "invalid_input",
      `Cannot stream events: ${found}; ask like ?topic=execution.failed&topic=firing.*`,
    );
  }
  return topics.filter((topic) => !topics.some((other) => other !== topic && covers(other, topic)));
}

function covers(pattern: string, topic: string): boolean {
  return pattern === "*" || (pattern.endsWith(".*") && topic.startsWith(pattern.slice(0, -1)));
}
