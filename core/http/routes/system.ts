/** `/api/v1/system`: the daemon as a whole. */

import { Hono } from "hono";
import { messageOf } from "../../errors.ts";
import { withoutSecrets } from "../../store/address.ts";
import { countAgents, hitRate } from "../views/agents.ts";
import type { HealthCheck, HealthReport, SystemView } from "../api.ts";
import type { ControlPlane } from "../control_plane.ts";
import { backupRoutes } from "./backups.ts";

const checkMsMax = 5_000;

export function systemRoutes(plane: ControlPlane): Hono {
  const routes = new Hono();
  routes.get("/", async (c) => c.json(await systemView(plane)));
  routes.get("/health", async (c) => c.json(await healthReport(plane)));
  routes.route("/backups", backupRoutes(plane));
  return routes;
}

export async function systemView(plane: ControlPlane): Promise<SystemView> {
  const { config, hosts, catalog, engine, store, bus, cache } = plane;
  const agents = countAgents(hosts.entries);
  const { workflows, problems } = await catalog.all();
  const { sent, received, resent, duplicates, lostEvents } = bus.counts;
  const { wedgedThreads } = hosts;
  const settings = hosts.settingsProblems;
  const isDegraded =
    agents.failed + agents.refused + problems.length + settings.length + wedgedThreads > 0;
  return {
    status: isDegraded ? "degraded" : "ok",
    version: plane.version,
    uptime_seconds: (Date.now() - plane.startedAtMs) / 1_000,
    pid: Deno.pid,
    market_data: hosts.sources.map(({ id }) => id).join(","),
    market_is_simulated: hosts.sources.some(({ simulated }) => simulated),
    database: withoutSecrets(config.databaseUrl),
    rss_bytes: Deno.memoryUsage().rss,
    agents,
    settings_problems: settings.length,
    wedged_threads: wedgedThreads,
    workflows: {
      enabled: workflows.filter(({ enabled }) => enabled).length,
      all: workflows.length,
      problems: problems.length,
    },
    executions: {
      running: engine.runningCount,
      pending: await store.read({ read: "pending_count" }),
      running_max: config.concurrentMax,
    },
    bus: { sent, received, resent, duplicates, lost_events: lostEvents },
    cache: {
      ...cache.counts,
      hit_rate: hitRate(cache.counts),
      evictions: cache.evictions,
    },
  };
}

/** Looks at each part: what it gives is measured now, not remembered. */
export async function healthReport(plane: ControlPlane): Promise<HealthReport> {
  const checks = await Promise.all([
    check("store", async () => {
      await plane.store.read({ read: "ping" });
      return "the database answers";
    }),
    check("agents", () => {
      const entries = plane.hosts.entries;
      const bad = entries.filter(({ isServing }) => !isServing);
      if (bad.length > 0) {
        throw new Error(
          bad.map(({ id, status, reason }) => `${id} ${status}: ${reason}`).join("; "),
        );
      }
      const [wrong] = plane.hosts.settingsProblems;
      if (wrong) throw new Error(`${wrong.file}:${wrong.line}:${wrong.column}: ${wrong.message}`);
      return Promise.resolve(`${entries.length} loaded`);
    }),
    check("bus", async () => {
      const startedAtMs = performance.now();
      const hosts = await plane.hosts.ping(checkMsMax);
      const tookMs = (performance.now() - startedAtMs).toFixed(1);
      if (hosts === 0) return "no host runs yet";
      return `${hosts} ${hosts === 1 ? "host" : "hosts"} answered in ${tookMs} ms`;
    }),
    check("workflows", async () => {
      const { workflows, problems } = await plane.catalog.all();
      const [first] = problems;
      if (first) throw new Error(`${first.file}:${first.line}:${first.column}: ${first.message}`);
      return `${workflows.length} read`;
    }),
  ]);
  return { ok: checks.every(({ ok }) => ok), checks };
}

async function check(name: string, look: () => Promise<string>): Promise<HealthCheck> {
  let timer: ReturnType<typeof setTimeout> | undefined;
  const late = new Promise<never>((_, reject) => {
    timer = setTimeout(() => reject(new Error(`no answer in ${checkMsMax / 1_000} s`)), checkMsMax);
  });
  try {
    return { name, ok: true, detail: await Promise.race([look(), late]) };
  } catch (thrown) {
    return { name, ok: false, detail: messageOf(thrown) };
  } finally {
    clearTimeout(timer);
  }
}
