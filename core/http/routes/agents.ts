/** `/api/v1/agents`. */

import { Hono } from "hono";
import { closest } from "../../closest.ts";
import { AppError } from "../../errors.ts";
import type { Hosts } from "../../host/hosts.ts";
import { agentView } from "../views/agents.ts";
import type { ControlPlane } from "../control_plane.ts";

export function agentRoutes(plane: ControlPlane): Hono {
  const routes = new Hono();
  routes.get(
    "/",
    (c) =>
      c.json({
        agents: plane.hosts.entries.map((entry) => agentView(plane, entry)),
        problems: plane.hosts.settingsProblems,
      }),
  );
  routes.post("/:id{.+}/reload", async (c) => {
    const id = c.req.param("id");
    const entry = plane.hosts.entry(id);
    if (!entry) throw unknownAgent(plane.hosts, id);
    await plane.hosts.refresh(entry);
    // Its file may declare another id now, or be gone.
    const reloaded = plane.hosts.entries.find(({ file }) => file === entry.file);
    if (!reloaded) throw unknownAgent(plane.hosts, id);
    return c.json(agentView(plane, reloaded));
  });
  // A file that gave no id is called by its name, which may have slashes.
  routes.get("/:id{.+}", (c) => {
    const id = c.req.param("id");
    const entry = plane.hosts.entry(id);
    if (!entry) throw unknownAgent(plane.hosts, id);
    return c.json(agentView(plane, entry));
  });
  return routes;
}

function unknownAgent(hosts: Hosts, id: string): AppError {
  const near = closest(id, hosts.entries.map((entry) => entry.id));
  return new AppError(
    "unknown_agent",
    `Cannot show agent "${id}": there is none${near ? `; did you mean "${near}"?` : ""}`,
  );
}
