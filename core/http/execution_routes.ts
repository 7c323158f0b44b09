/** `/api/v1/executions`. */

import { Hono } from "hono";
import { AppError } from "../errors.ts";
import type { ExecutionId } from "../ids.ts";
import type { ControlPlane } from "./control_plane.ts";
import { executionView, readExecution } from "./execution_views.ts";
import { executionStream } from "./execution_stream.ts";

const historyMax = 1_000;
const historyDefault = 20;

export function executionRoutes(plane: ControlPlane): Hono {
  const { store, definitions, catalog } = plane;
  const routes = new Hono();
  routes.get("/", async (c) => {
    const limit = readLimit(c.req.query("limit"));
    const workflow = c.req.query("workflow");
    const rows = await store.executions.history(workflow, limit);
    // A workflow whose file is gone keeps its history.
    if (workflow !== undefined && rows.length === 0) await catalog.named(workflow);
    return c.json({ executions: rows.map(executionView) });
  });
  routes.get(
    "/:id",
    async (c) => c.json(await readExecution(store, definitions, c.req.param("id") as ExecutionId)),
  );
  routes.get("/:id/events", (c) => executionStream(plane, c.req.param("id") as ExecutionId));
  const { steerer } = plane;
  const steer = (verb: "cancel" | "pause" | "resume" | "retry"): void => {
    routes.post(`/:id/${verb}`, async (c) => {
      const id = c.req.param("id") as ExecutionId;
      await steerer[verb](id);
      return c.json(await readExecution(store, definitions, id), 202);
    });
  };
  for (const verb of ["cancel", "pause", "resume", "retry"] as const) steer(verb);
  routes.post("/:id/rerun", async (c) => {
    const row = await steerer.rerun(c.req.param("id") as ExecutionId);
    return c.json(executionView(row), 202);
  });
  return routes;
}

function readLimit(text: string | undefined): number {
  if (text === undefined) return historyDefault;
  const limit = /^\d{1,4}$/.test(text) ? Number(text) : 0;
  if (limit >= 1 && limit <= historyMax) return limit;
  throw new AppError(
    "invalid_input",
    `Cannot list executions: limit "${text}" is no number from 1 to ${historyMax}`,
  );
}
