/**
 * `/metrics`: the daemon in numbers, in Prometheus' text format. Counters begin anew with each
 * daemon. Labels are of closed sets, or name agents: a symbol or an execution is never one.
 */

import { Hono } from "hono";
import { countAgents, hitRate } from "../views/agents.ts";
import type { ControlPlane } from "../control_plane.ts";
import { exposition, expositionType, type Metric, type Sample } from "./exposition.ts";
import { sourceMetrics } from "./sources.ts";

export function metricsRoutes(plane: ControlPlane): Hono {
  const routes = new Hono();
  routes.get("/", async (c) => {
    const metrics = [
      ...processMetrics(plane),
      ...agentMetrics(plane),
      ...await executionMetrics(plane),
      ...busMetrics(plane),
      ...cacheMetrics(plane),
      ...collectionMetrics(plane),
      ...await sourceMetrics(plane),
    ];
    return c.body(exposition(metrics), 200, { "content-type": expositionType });
  });
  return routes;
}

function gauge(name: string, help: string, samples: number | readonly Sample[]): Metric {
  return { name, help, type: "gauge", samples: samplesOf(samples) };
}

function counter(name: string, help: string, samples: number | readonly Sample[]): Metric {
  return { name, help, type: "counter", samples: samplesOf(samples) };
}

function samplesOf(samples: number | readonly Sample[]): readonly Sample[] {
  return typeof samples === "number" ? [{ value: samples }] : samples;
}

/** A sample for each entry, its key under `label`. */
function byLabel(label: string, values: Readonly<Record<string, number>>): Sample[] {
  return Object.entries(values).map(([key, value]) => ({ labels: { [label]: key }, value }));
}

function processMetrics({ version, startedAtMs }: ControlPlane): Metric[] {
  const { rss, heapUsed } = Deno.memoryUsage();
  const build = [{ labels: { version, deno: Deno.version.deno }, value: 1 }];
  return [
    gauge("ac100_build_info", "1, with the daemon's version.", build),
    gauge("process_start_time_seconds", "When the daemon started.", startedAtMs / 1_000),
    gauge("process_resident_memory_bytes", "Memory of the process, its threads too.", rss),
    gauge("ac100_heap_used_bytes", "Heap of the daemon's own thread.", heapUsed),
  ];
}

function agentMetrics({ hosts }: ControlPlane): Metric[] {
  const { entries, wedgedThreads } = hosts;
  const loaded = entries.filter(({ isServing }) => isServing);
  const running = new Set(loaded.map((entry) => hosts.hostOf(entry)).filter(Boolean));
  const count = (of: (entry: (typeof entries)[number]) => number): Sample[] =>
    loaded.map((entry) => ({ labels: { agent: entry.id }, value: of(entry) }));
  return [
    gauge("ac100_agents", "Agents by status.", byLabel("status", countAgents(entries))),
    gauge("ac100_hosts_running", "Threads and processes that agents live in.", running.size),
    gauge("ac100_wedged_threads", "Threads given up: each burns a core.", wedgedThreads),
    counter(
      "ac100_agent_requests_total",
      "Requests of an agent.",
      count(({ messages }) => messages),
    ),
    counter("ac100_agent_errors_total", "Failures of an agent.", count(({ errors }) => errors)),
  ];
}

async function executionMetrics(plane: ControlPlane): Promise<Metric[]> {
  const { store, config, tally } = plane;
  const lanes = await store.read({ read: "queue_lanes" });
  const oldestAtMs = lanes.reduce((atMs, lane) => Math.min(atMs, lane.oldestAtMs), Infinity);
  const waitSeconds = Math.max(0, Date.now() - oldestAtMs) / 1_000;
  const ended = {
    completed: tally.countOf("execution.completed"),
    failed: tally.countOf("execution.failed"),
    cancelled: tally.countOf("execution.cancelled"),
  };
  return [
    gauge(
      "ac100_executions",
      "Executions that have not ended, by status.",
      byLabel("status", { ...await store.read({ read: "open_counts" }) }),
    ),
    counter(
      "ac100_executions_ended_total",
      "Executions by how they ended.",
      byLabel("status", ended),
    ),
    gauge("ac100_executions_running_max", "As many may run at once.", config.concurrentMax),
    gauge(
      "ac100_queue_depth",
      "Executions that wait to be started.",
      lanes.reduce((sum, { count }) => sum + count, 0),
    ),
    gauge("ac100_queue_oldest_wait_seconds", "How long the oldest of them waits.", waitSeconds),
    counter("ac100_firings_late_total", "Firings started late.", tally.countOf("firing.late")),
    counter("ac100_firings_skipped_total", "Firings skipped.", tally.countOf("firing.skipped")),
  ];
}

function busMetrics({ bus }: ControlPlane): Metric[] {
  const { sent, received, resent, duplicates, lostEvents } = bus.counts;
  return [
    counter("ac100_bus_sent_total", "Messages the daemon sent.", sent),
    counter("ac100_bus_received_total", "Messages the daemon received.", received),
    counter("ac100_bus_resent_total", "Messages sent again, not acknowledged in time.", resent),
    counter("ac100_bus_duplicates_total", "Messages received again, and dropped.", duplicates),
    counter("ac100_bus_events_lost_total", "Events that no one could send again.", lostEvents),
  ];
}

function cacheMetrics({ cache, hosts }: ControlPlane): Metric[] {
  const asked = hosts.entries.map(({ id }) => ({ agent: id, counts: cache.countsOf(id) }))
    .filter(({ counts }) => counts.hits + counts.misses > 0);
  const requests = asked.flatMap(({ agent, counts }) => [
    { labels: { agent, outcome: "hit" }, value: counts.hits },
    { labels: { agent, outcome: "miss" }, value: counts.misses },
  ]);
  const ratios = asked.map(({ agent, counts }) => ({
    labels: { agent },
    value: hitRate(counts) ?? 0,
  }));
  return [
    counter("ac100_cache_requests_total", "Values asked of the cache.", requests),
    gauge("ac100_cache_hit_ratio", "Share of them that it had, 0 to 1.", ratios),
    counter("ac100_cache_evictions_total", "Evictions before their time.", cache.evictions),
  ];
}

/** Agents that keep anything, those that are gone too. */
function collectionMetrics({ collections }: ControlPlane): Metric[] {
  const totals = [...collections.totals];
  const samples = (of: (total: (typeof totals)[number][1]) => number): Sample[] =>
    totals.map(([agent, total]) => ({ labels: { agent }, value: of(total) }));
  return [
    gauge("ac100_collection_values", "Values kept, with all versions.", samples((t) => t.values)),
    gauge("ac100_collection_bytes", "Their size in bytes.", samples((t) => t.bytes)),
    gauge("ac100_collection_misfits", "Those not of their schema.", samples((t) => t.misfits)),
  ];
}
