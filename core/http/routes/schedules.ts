/** `/api/v1/schedules`. */

import { type Context, Hono } from "hono";
import { z } from "zod";
import { timeZoneOf } from "../../calendar/calendar.ts";
import { AppError } from "../../errors.ts";
import { explainNext } from "../../schedule/explain.ts";
import type { Entry } from "../../schedule/firings.ts";
import { passedBetween } from "../../schedule/next.ts";
import { zoneOf } from "../../schedule/rule.ts";
import type { FiringRow } from "../../store/reads/schedules.ts";
import { parseInstant } from "../../workflow/form/instant.ts";
import { ruleText } from "../../workflow/form/schedule_keys.ts";
import { setSchedule } from "../../workflow/folder/set_schedule.ts";
import type { FiringView, ScheduleExplanation, ScheduleView } from "../api.ts";
import type { ControlPlane } from "../control_plane.ts";

const nextShown = 10;
const firingsShown = 10;
/** The most instants that one backfill fires. */
const backfillMax = 1_000;

const BackfillForm = z.strictObject({ from: z.string(), to: z.string() });

export function scheduleRoutes({ store, scheduler, ticker, catalog, config }: ControlPlane): Hono {
  const routes = new Hono();
  const entryOf = async (c: Context, id = c.req.param("id") ?? ""): Promise<Entry> => {
    await ticker.refresh();
    return scheduler.entry(id);
  };
  const explained = async (id: string): Promise<ScheduleExplanation> => {
    const entry = scheduler.entry(id);
    const firings = await store.read({ read: "firings", scheduleId: id, limit: firingsShown });
    return explanationOf(entry, firings, Date.now());
  };
  routes.get("/", async (c) => {
    await ticker.refresh();
    const nowMs = Date.now();
    return c.json({
      schedules: [...scheduler.entries.values()].map((entry) => viewOf(entry, nowMs)),
    });
  });
  routes.get("/:id", async (c) => c.json(await explained((await entryOf(c)).id)));
  routes.put("/:name", async (c) => {
    const schedule = await readSchedule(c);
    const workflow = await catalog.named(c.req.param("name"));
    await setSchedule(config.workflowsFolder, workflow, schedule);
    return c.json(await explained((await entryOf(c, workflow.name)).id));
  });
  for (const verb of ["pause", "resume"] as const) {
    routes.post(`/:id/${verb}`, async (c) => {
      const { id } = await entryOf(c);
      await scheduler.pause(id, verb === "pause");
      void ticker.wake();
      return c.json(await explained(id));
    });
  }
  routes.post("/:id/trigger", async (c) => {
    const { id } = await entryOf(c);
    await scheduler.enter(id, [Date.now()], "trigger");
    void ticker.wake();
    return c.json(await explained(id), 202);
  });
  routes.post("/:id/backfill", async (c) => {
    const entry = await entryOf(c);
    const dueAtMs = await readBackfill(entry, c);
    const entered = await scheduler.enter(entry.id, dueAtMs, "backfill");
    void ticker.wake();
    return c.json({ schedule: entry.id, instants: dueAtMs.length, entered }, 202);
  });
  return routes;
}

/** What may stand under `schedule:` in a file; whether it does, saving it tells. */
async function readSchedule(c: Context): Promise<object> {
  const body: unknown = await c.req.json().catch(() => undefined);
  if (typeof body === "object" && body !== null) return body;
  throw new AppError(
    "invalid_input",
    `Cannot set schedule "${c.req.param("name")}": send it as JSON, like { "every": "5m" }`,
  );
}

/** The rule's instants from one instant to another, both included. */
async function readBackfill({ id, schedule, instants }: Entry, c: Context): Promise<number[]> {
  const refuse = (found: string): AppError =>
    new AppError("invalid_input", `Cannot backfill schedule "${id}": ${found}`);
  const body = BackfillForm.safeParse(await c.req.json().catch(() => undefined));
  if (!body.success) throw refuse('send { "from": …, "to": … }');
  const zone = zoneOf(schedule.rule, timeZoneOf);
  const [fromMs = 0, toMs = 0] = [body.data.from, body.data.to].map((text) => {
    const isDate = /^\d{4}-\d{2}-\d{2}$/.test(text);
    const instant = parseInstant(isDate ? `${text}T00:00[${zone}]` : text);
    if ("problem" in instant) throw refuse(`${JSON.stringify(text)} ${instant.problem}`);
    return instant.atMs;
  });
  if (toMs > Date.now()) throw refuse(`${body.data.to} is still to come; it fires by itself`);
  if (fromMs > toMs) throw refuse('"from" is after "to"');
  const { dueMs, hasEarlier } = passedBetween(instants, fromMs - 1, toMs, backfillMax);
  if (hasEarlier) throw refuse(`it has over ${backfillMax} instants; take a shorter span`);
  return [...dueMs];
}

function viewOf({ id, workflow, schedule, instants, row }: Entry, nowMs: number): ScheduleView {
  const { rule, jitterMs, overlap, catchUp, priority } = schedule;
  const comes = row.active && !row.paused ? instants.after(nowMs) : undefined;
  return {
    schedule: id,
    workflow: workflow.name,
    rule: ruleText(rule),
    timezone: zoneOf(rule, timeZoneOf),
    enabled: row.active,
    paused: row.paused,
    overlap,
    catch_up: catchUp,
    jitter_seconds: jitterMs / 1_000,
    priority,
    next_at: comes === undefined ? null : new Date(comes).toISOString(),
  };
}

function explanationOf(
  entry: Entry,
  firings: readonly FiringRow[],
  nowMs: number,
): ScheduleExplanation {
  const next = explainNext(entry.schedule, entry.instants, nowMs, nextShown);
  return {
    ...viewOf(entry, nowMs),
    next: next.map(({ dueAtMs, local, why }) => ({
      due_at: new Date(dueAtMs).toISOString(),
      local,
      why,
    })),
    firings: firings.map(firingView),
  };
}

function firingView(row: FiringRow): FiringView {
  return {
    due_at: new Date(row.dueAtMs).toISOString(),
    status: row.status,
    cause: row.cause,
    execution_id: row.executionId,
    reason: row.reason,
    fired_at: row.firedAtMs === null ? null : new Date(row.firedAtMs).toISOString(),
  };
}
