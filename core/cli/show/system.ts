/** The daemon for people: its figures, and the checks of its parts. */

import type { HealthReport, SystemView } from "../../http/api.ts";
import type { Look } from "./look.ts";
import { type Cell, table } from "./table.ts";
import { countText, megabytesText, secondsText } from "./units.ts";

/** A table of the daemon's figures. */
export function showSystem(system: SystemView, look: Look): string {
  const { workflows, executions, bus, cache } = system;
  const agents = Object.entries(system.agents).filter(([, count]) => count > 0)
    .map(([status, count]) => `${count} ${status}`);
  const mistakes = workflows.problems > 0 ? `, ${countText(workflows.problems, "mistake")}` : "";
  return table(["System", "Value"], [
    ["Status", { text: system.status, tone: system.status === "ok" ? "green" : "yellow" }],
    ["Version", system.version],
    ["Uptime", `${secondsText(system.uptime_seconds)} (process ${system.pid})`],
    ["Memory", megabytesText(system.rss_bytes)],
    ["Market Data", marketCell(system)],
    ["Database", system.database],
    ["Agents", agents.join(", ") || "none"],
    ...(system.settings_problems > 0
      ? [["Settings", `${countText(system.settings_problems, "mistake")} in agents.yaml`]]
      : []),
    ...(system.wedged_threads > 0
      ? [["Wedged", `${countText(system.wedged_threads, "thread")} burning a core`]]
      : []),
    ["Workflows", `${workflows.enabled} of ${workflows.all} enabled${mistakes}`],
    [
      "Executions",
      `${executions.running} running (at most ${executions.running_max}), ` +
      `${executions.pending} pending`,
    ],
    [
      "Messages",
      `${bus.sent} sent, ${bus.received} received, ${bus.resent} resent, ` +
      `${bus.duplicates} duplicates, ${countText(bus.lost_events, "event")} lost`,
    ],
    ["Cache", `${cache.hits} hits, ${cache.misses} misses, ${cache.evictions} evictions`],
  ], look);
}

/** A table of the checks, good and bad. */
export function showHealth({ checks }: HealthReport, look: Look): string {
  const rows = checks.map(({ name, ok, detail }) => [
    name,
    ok ? { text: "✓ ok", tone: "green" as const } : { text: "✗ failed", tone: "red" as const },
    detail,
  ]);
  return table(["Check", "Result", "Detail"], rows, look);
}

function marketCell({ market_data: text, market_is_simulated: isSimulated }: SystemView): Cell {
  return isSimulated ? { text: `${text}: not real market prices`, tone: "yellow" } : { text };
}
