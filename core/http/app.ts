/** The control plane: every route, behind the gate. Tested by `app.request()` without a socket. */

import { type Context, Hono, type Next } from "hono";
import { bodyLimit } from "hono/body-limit";
import { getCookie, setCookie } from "hono/cookie";
import { secureHeaders } from "hono/secure-headers";
import { AppError } from "../errors.ts";
import { agentRoutes } from "./routes/agents.ts";
import type { HealthAnswer } from "./api.ts";
import { sessionCookie } from "./auth.ts";
import type { ControlPlane } from "./control_plane.ts";
import { eventRoutes } from "./streams/events.ts";
import { executionRoutes } from "./routes/executions.ts";
import { marketRoutes } from "./routes/market.ts";
import { metricsRoutes } from "./metrics/metrics.ts";
import { homePage, shutOutPage } from "./page.ts";
import { problemResponse } from "./problem.ts";
import { queueRoutes } from "./routes/queue.ts";
import { scheduleRoutes } from "./routes/schedules.ts";
import { systemRoutes } from "./routes/system.ts";
import { workflowRoutes } from "./routes/workflows.ts";

const bodyBytesMax = 1024 * 1024;

export function createApp(plane: ControlPlane): Hono {
  const app = new Hono();
  app.onError((error, c) => {
    if (!(error instanceof AppError)) {
      // Reading a body fails so when its sender has gone, which is no failure of ours.
      const level = error instanceof Deno.errors.BadResource ? "debug" : "error";
      plane.log[level]("request failed", { reason: error.message, stack: error.stack });
    }
    const wantsPage = c.req.header("accept")?.includes("text/html") ?? false;
    const isShutOut = error instanceof AppError && error.code === "unauthenticated";
    return isShutOut && wantsPage ? c.html(shutOutPage(), 401) : problemResponse(error);
  });
  app.notFound((c) => problemResponse(unknownRoute(c)));
  app.use(secureHeaders({
    contentSecurityPolicy: { defaultSrc: ["'none'"], styleSrc: ["'unsafe-inline'"] },
  }));

  const health: HealthAnswer = { status: "ok", version: plane.version };
  app.get("/health", (c) => c.json(health));
  app.get("/login", (c) => logIn(plane, c));

  app.use((c, next) => admit(plane, c, next));
  app.use(bodyLimit({
    maxSize: bodyBytesMax,
    onError: () =>
      problemResponse(new AppError("invalid_input", "Cannot read the body: it is over 1 MB")),
  }));
  app.get("/", async (c) => c.html(await homePage(plane)));
  app.post(
    "/api/v1/login_links",
    (c) => c.json({ url: `${plane.url()}/login?once=${plane.gate.makeLink()}` }, 201),
  );
  app.route("/metrics", metricsRoutes(plane));
  app.route("/api/v1/agents", agentRoutes(plane));
  app.route("/api/v1/workflows", workflowRoutes(plane));
  app.route("/api/v1/executions", executionRoutes(plane));
  app.route("/api/v1/events", eventRoutes(plane));
  app.route("/api/v1/market", marketRoutes(plane));
  app.route("/api/v1/schedules", scheduleRoutes(plane));
  app.route("/api/v1/queue", queueRoutes(plane));
  app.route("/api/v1/system", systemRoutes(plane));
  return app;
}

async function admit({ gate }: ControlPlane, c: Context, next: Next): Promise<void> {
  const isRead = c.req.method === "GET" || c.req.method === "HEAD";
  const admitted = gate.admitsHeader(c.req.header("authorization")) ||
    (isRead && gate.admitsSession(getCookie(c, sessionCookie)));
  if (!admitted) {
    throw new AppError(
      "unauthenticated",
      `Cannot ${c.req.method} ${c.req.path}: no valid token; send "Authorization: Bearer …" ` +
        `with the token in the data folder, or open the link of "system link" in a browser`,
    );
  }
  await next();
}

function logIn({ gate }: ControlPlane, c: Context): Response {
  const session = gate.openSession(c.req.query("once") ?? "");
  if (!session) {
    throw new AppError(
      "unauthenticated",
      "Cannot log in: this link was used or is too old; get another one by `system link`",
    );
  }
  // Not "Strict": a link clicked on another site's page (a terminal or a chat in the browser) would
  // set the cookie and not send it to the page it leads to. The cookie opens reads alone.
  setCookie(c, sessionCookie, session, { httpOnly: true, sameSite: "Lax", path: "/" });
  return c.redirect("/");
}

function unknownRoute(c: Context): AppError {
  return new AppError(
    "unknown_route",
    `Cannot ${c.req.method} ${c.req.path}: there is no such route`,
  );
}
