/** `/api/v1/workflows`. */

import { type Context, Hono } from "hono";
import { AppError, messageOf } from "../../errors.ts";
import type { ParsedWorkflow } from "../../workflow/definition.ts";
import { parseInstant } from "../../workflow/form/instant.ts";
import { editorSchema } from "../../workflow/form/editor_schema.ts";
import { priorityMax } from "../../workflow/form/schedule.ts";
import { ruleText } from "../../workflow/form/schedule_keys.ts";
import type { SavedView, ValidationView, WorkflowView } from "../api.ts";
import type { ControlPlane } from "../control_plane.ts";
import { executionView } from "../views/executions.ts";
import { statisticsView } from "../views/statistics.ts";

const schemaType = { "content-type": "application/schema+json" };
const fileNameLengthMax = 500;

export function workflowRoutes(plane: ControlPlane): Hono {
  const { catalog, engine, store } = plane;
  const routes = new Hono();
  routes.get("/", async (c) => {
    const { workflows, problems } = await catalog.all();
    return c.json({
      workflows: workflows.map(workflowView),
      problems,
    });
  });
  // No workflow has a name with a dot in it.
  routes.get("/schema.json", (c) => c.json(editorSchema(), 200, schemaType));
  routes.post("/validate", async (c) => {
    const { workflows, problems, warnings } = catalog.validate(
      await readText(c, "validate workflows"),
      (c.req.query("file") ?? "workflow.yaml").slice(0, fileNameLengthMax),
    );
    const names = workflows.map(({ name }) => name);
    const ok = problems.length === 0;
    return c.json({ ok, workflows: names, problems, warnings } satisfies ValidationView);
  });
  routes.put("/:name", async (c) => {
    const name = c.req.param("name");
    const text = await readText(c, `save workflow ${JSON.stringify(name)}`);
    const isNew = !(await catalog.all()).workflows.some((workflow) => workflow.name === name);
    const { workflow, warnings } = await catalog.save(name, text);
    // Its schedules come with it.
    await plane.ticker.refresh();
    return c.json(
      { ...workflowView(workflow), warnings } satisfies SavedView,
      isNew ? 201 : 200,
    );
  });
  routes.get("/:name", async (c) => c.json(workflowView(await catalog.named(c.req.param("name")))));
  routes.get("/:name/statistics", async (c) => {
    const name = c.req.param("name");
    const found = await store.read({ read: "statistics", workflowName: name });
    // A workflow whose file is gone keeps its history.
    if (found.totalExecutions === 0) await catalog.named(name);
    return c.json(statisticsView(name, found));
  });
  routes.post("/:name/executions", async (c) => {
    const inputs = await readInputs(c);
    const workflow = await catalog.runnable(c.req.param("name"));
    const options = {
      ...{ inputs, priority: readPriority(c) },
      ...readAsOf(c),
      ...readIdempotencyKey(c),
    };
    return c.json(executionView(await engine.start(workflow, options)), 202);
  });
  return routes;
}

/** @throws {AppError} `invalid_input` for a body that is no text. */
async function readText(c: Context, action: string): Promise<string> {
  try {
    const bytes = await c.req.arrayBuffer();
    return new TextDecoder("utf-8", { fatal: true, ignoreBOM: true }).decode(bytes);
  } catch (thrown) {
    if (!(thrown instanceof TypeError)) throw thrown;
    throw new AppError("invalid_input", `Cannot ${action}: the body is not UTF-8; send its text`);
  }
}

/** The body is the inputs, by name; none for a workflow without, or with defaults for all. */
async function readInputs(c: Context): Promise<Record<string, unknown>> {
  const text = await c.req.text();
  if (text.trim() === "") return {};
  const cannot = `Cannot start workflow "${c.req.param("name")}"`;
  try {
    const body: unknown = JSON.parse(text);
    if (typeof body === "object" && body !== null && !Array.isArray(body)) {
      return body as Record<string, unknown>;
    }
  } catch (thrown) {
    throw new AppError("invalid_input", `${cannot}: the body is no JSON: ${messageOf(thrown)}`);
  }
  throw new AppError("invalid_input", `${cannot}: the body is no JSON object of its inputs`);
}

/** Higher ones are taken from the queue first. */
function readPriority(c: Context): number {
  const text = c.req.query("priority") ?? "0";
  const priority = /^-?\d{1,3}$/.test(text) ? Number(text) : Number.NaN;
  if (Math.abs(priority) <= priorityMax) return priority;
  throw new AppError(
    "invalid_input",
    `Cannot start workflow "${c.req.param("name")}": its priority "${text}" is no whole number ` +
      `from -${priorityMax} to ${priorityMax}`,
  );
}

/** Beside the inputs, as an input may have its name. */
function readAsOf(c: Context): { readonly asOfMs?: number } {
  const text = c.req.query("as_of");
  if (text === undefined) return {};
  const read = parseInstant(text);
  if ("atMs" in read) return { asOfMs: read.atMs };
  throw new AppError(
    "invalid_input",
    `Cannot start workflow "${c.req.param("name")}": its as_of ${read.problem}`,
  );
}

const idempotencyKeyLengthMax = 200;

function readIdempotencyKey(c: Context): { readonly idempotencyKey?: string } {
  const key = c.req.header("Idempotency-Key");
  if (key === undefined) return {};
  if (key.length > 0 && key.length <= idempotencyKeyLengthMax) return { idempotencyKey: key };
  throw new AppError(
    "invalid_input",
    `Cannot start workflow "${c.req.param("name")}": its Idempotency-Key is not 1 to ` +
      `${idempotencyKeyLengthMax} characters long`,
  );
}

function workflowView(workflow: ParsedWorkflow): WorkflowView {
  return {
    name: workflow.name,
    description: workflow.description,
    enabled: workflow.enabled,
    file: workflow.file,
    schedule: workflow.schedules.map(({ rule }) => ruleText(rule)).join(", ") || null,
    steps: workflow.steps.map(({ name, agent, capability, params, timeoutMs }) => ({
      name,
      agent,
      capability,
      params,
      timeout_seconds: timeoutMs / 1_000,
    })),
  };
}
