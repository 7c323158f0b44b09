/** `/api/v1/executions`. */

import { type Context, Hono } from "hono";
import { AppError } from "../../errors.ts";
import type { ExecutionId } from "../../ids.ts";
import { itemsMax } from "../../workflow/definition.ts";
import type { ExecutionsAnswer } from "../api.ts";
import type { ControlPlane } from "../control_plane.ts";
import { attemptView, executionView, readExecution, readRow } from "../views/executions.ts";
import { openExecutionStreams } from "../streams/executions.ts";
import { type ExecutionStatus, executionStatuses } from "../../statuses.ts";

const historyMax = 1_000;
const historyDefault = 20;
/** Items of a page: each may bring a result of its own. */
const itemsPageMax = 200;

export function executionRoutes(plane: ControlPlane): Hono {
  const { store, definitions, catalog } = plane;
  const routes = new Hono();
  routes.get("/", async (c) => {
    const limit = readNumber(c, "limit", { min: 1, max: historyMax, unset: historyDefault });
    const workflowName = c.req.query("workflow");
    const status = readStatus(c.req.query("status"));
    const before = readCursor(c.req.query("cursor"));
    // One more tells whether there is another page.
    const page = { workflowName, status, before, limit: limit + 1 };
    const found = await store.read({ read: "executions", ...page });
    const rows = found.slice(0, limit);
    // A workflow whose file is gone keeps its history.
    if (workflowName !== undefined && rows.length === 0 && !before && !status) {
      await catalog.named(workflowName);
    }
    const answer: ExecutionsAnswer = {
      executions: rows.map(executionView),
      next_cursor: found.length > limit ? rows.at(-1)?.executionId ?? null : null,
    };
    return c.json(answer);
  });
  routes.get(
    "/:id",
    async (c) => c.json(await readExecution(store, definitions, c.req.param("id") as ExecutionId)),
  );
  routes.get("/:id/steps/:step/items", async (c) => {
    const { id, step } = await readStep(plane, c);
    const fromItem = readNumber(c, "from", { min: 0, max: itemsMax, unset: 0 });
    const limit = readNumber(c, "limit", { min: 1, max: itemsPageMax, unset: 100 });
    const items = await store.read({ read: "item_views", id, step, fromItem, limit });
    return c.json({ items: items.map((item) => ({ item: item.item, ...attemptView(item) })) });
  });
  routes.get("/:id/steps/:step/result", async (c) => {
    const { id, step } = await readStep(plane, c);
    const item = readNumber(c, "item", { min: -1, max: itemsMax, unset: -1 });
    const result = await store.read({ read: "step_result", id, step, item });
    if (result !== undefined) return c.body(result, 200, { "content-type": "application/json" });
    const what = item < 0 ? `step "${step}"` : `item ${item} of step "${step}"`;
    throw new AppError("unknown_step", `Cannot show the result of ${what}: it has none`);
  });
  const stream = openExecutionStreams(plane);
  routes.get("/:id/events", (c) => stream(c.req.raw, c.req.param("id") as ExecutionId));
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

async function readStep(
  { store }: ControlPlane,
  c: Context,
): Promise<{ readonly id: ExecutionId; readonly step: string }> {
  const id = c.req.param("id") as ExecutionId;
  const step = c.req.param("step") ?? "";
  await readRow(store, id);
  return { id, step };
}

/** @throws {AppError} `invalid_input`. */
function readStatus(text: string | undefined): ExecutionStatus | undefined {
  const status = executionStatuses.find((status) => status === text);
  if (text === undefined || status) return status;
  throw new AppError(
    "invalid_input",
    `Cannot list executions: status "${text}" is none of ${executionStatuses.join(", ")}`,
  );
}

/** @throws {AppError} `invalid_input`. */
function readCursor(text: string | undefined): ExecutionId | undefined {
  if (text === undefined || /^[0-9a-f-]{36}$/.test(text)) return text as ExecutionId | undefined;
  throw new AppError(
    "invalid_input",
    `Cannot list executions: cursor "${text}" is none; take "next_cursor" of the page before`,
  );
}

/** @throws {AppError} `invalid_input`. */
function readNumber(
  c: Context,
  name: string,
  { min, max, unset }: { readonly min: number; readonly max: number; readonly unset: number },
): number {
  const text = c.req.query(name);
  if (text === undefined) return unset;
  const number = /^-?\d{1,7}$/.test(text) ? Number(text) : NaN;
  if (number >= min && number <= max) return number;
  throw new AppError(
    "invalid_input",
    `Cannot answer ${c.req.path}: ${name} "${text}" is no number from ${min} to ${max}`,
  );
}
