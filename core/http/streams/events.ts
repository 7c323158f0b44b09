/**
 * `/api/v1/events`: what happens, as a stream of server-sent events. A reader that does not keep
 * up misses the oldest of what waits for it; an event `missed` says how many.
 */

import { Hono } from "hono";
import { AppError } from "../../errors.ts";
import type { ControlPlane } from "../control_plane.ts";
import { Feed } from "./feed.ts";
import { Streams } from "./streams.ts";

const streamsMax = 100;
const topicsMax = 20;
/** Events that wait for a reader; of more, the newest. */
const backlog = { framesMax: 1_000, bytesMax: 1024 * 1024 };
const topicPattern = /^(\*|[a-z_]+(\.[a-z_]+)*(\.\*)?)$/;

export function eventRoutes({ bus, signal, config }: ControlPlane): Hono {
  const streams = new Streams({ subject: "events", streamsMax, backlog, signal });
  const feed = new Feed(bus, config.mask);
  const routes = new Hono();
  routes.get("/", (c) => {
    const topics = readTopics(c.req.queries("topic"));
    return streams.respond(c.req.raw, feed.of(topics));
  });
  return routes;
}

/**
 * One or more; all topics when none is named.
 * @throws {AppError} `invalid_input`.
 */
function readTopics(asked: readonly string[] = []): readonly string[] {
  const topics = [...new Set(asked.length === 0 ? ["*"] : asked)];
  const wrong = topics.find((topic) => !topicPattern.test(topic));
  if (wrong === undefined && topics.length <= topicsMax) return topics;
  const found = wrong === undefined
    ? `${topics.length} topics are over ${topicsMax}`
    : `"${wrong.slice(0, 60)}" is no topic`;
  throw new AppError(
    "invalid_input",
    `Cannot stream events: ${found}; ask like ?topic=execution.failed&topic=firing.*`,
  );
}
