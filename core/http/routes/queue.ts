/** `/api/v1/queue`: what waits to be started, and for how long. */

import { Hono } from "hono";
import type { QueueView } from "../api.ts";
import type { ControlPlane } from "../control_plane.ts";

export function queueRoutes({ store }: ControlPlane): Hono {
  const routes = new Hono();
  routes.get("/", async (c) => {
    const nowMs = Date.now();
    const lanes = (await store.read({ read: "queue_lanes" })).map((lane) => ({
      workflow: lane.workflowName,
      priority: lane.priority,
      waiting: lane.count,
      oldest_wait_seconds: Math.max(0, nowMs - lane.oldestAtMs) / 1_000,
    }));
    const view: QueueView = {
      waiting: lanes.reduce((sum, { waiting }) => sum + waiting, 0),
      oldest_wait_seconds: lanes.length === 0
        ? null
        : Math.max(...lanes.map((lane) => lane.oldest_wait_seconds)),
      lanes,
    };
    return c.json(view);
  });
  return routes;
}
