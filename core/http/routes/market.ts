/** `/api/v1/market`: what was found in the market data, and how its sources do. */

import { Hono } from "hono";
import { AppError } from "../../errors.ts";
import { FindingsQuery } from "../../market/findings.ts";
import type { ControlPlane } from "../control_plane.ts";
import { sourceStatus } from "../views/sources.ts";

const statusMsMax = 5_000;

export function marketRoutes(plane: ControlPlane): Hono {
  const routes = new Hono();
  routes.get("/findings", async (c) => {
    const query = FindingsQuery.safeParse(c.req.query());
    if (!query.success) {
      const [issue] = query.error.issues;
      throw new AppError(
        "invalid_input",
        `Cannot list findings: ${issue?.path.join(".") || "query"}: ${issue?.message}; ` +
          `ask by symbol, severity (info, warning, error) and limit (1 to 1000)`,
      );
    }
    return c.json(await plane.market.findings.list(query.data));
  });
  routes.get("/sources", async (c) => {
    const asked = plane.hosts.sources.map(({ id }) => sourceStatus(plane, id, statusMsMax));
    return c.json({ sources: await Promise.all(asked) });
  });
  return routes;
}
