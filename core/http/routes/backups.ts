/** `/api/v1/system/backups`: copies of the database in the daemon's folder. */

import { Hono } from "hono";
import { z } from "zod";
import { AppError } from "../../errors.ts";
import type { ControlPlane } from "../control_plane.ts";
import { backupsAnswer, backupView } from "../views/backups.ts";

const Ask = z.strictObject({ name: z.string().optional() });

export function backupRoutes({ store, log, signal }: ControlPlane): Hono {
  const routes = new Hono();
  routes.get("/", async (c) => c.json(backupsAnswer(await store.backups.list())));
  // Answers when the backup is whole. It is made to its end for a client that goes away, too.
  routes.post("/", async (c) => {
    const { name } = parseAsk(await c.req.text());
    const startedAtMs = performance.now();
    const backup = await store.backups.make({ name, signal });
    const tookMs = Math.round(performance.now() - startedAtMs);
    log.info("backup made", { path: backup.path, bytes: backup.bytes, took_ms: tookMs });
    return c.json(backupView(backup), 201);
  });
  return routes;
}

/** @throws {AppError} `invalid_input`. */
function parseAsk(text: string): z.output<typeof Ask> {
  const parsed = Ask.safeParse(text === "" ? {} : parseJson(text));
  if (parsed.success) return parsed.data;
  throw new AppError(
    "invalid_input",
    'Cannot make a backup: the body is neither empty nor like {"name":"before-upgrade.db"}',
  );
}

/** Undefined if the text is not JSON. */
function parseJson(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}
