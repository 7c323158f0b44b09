/** The daemon for people: its figures, the checks of its parts, and its backups. */

import type { HealthReport, SystemView } from "../../http/api.ts";
import type { BackupsAnswer, BackupView, RestoredView } from "../../http/backups_api.ts";
import { fieldLines } from "./fields.ts";
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

/** What was made, and what it holds. */
export function showBackup(backup: BackupView, look: Look): string {
  return [
    "Backup made",
    ...fieldLines([
      ["File", backup.path],
      ["Size", megabytesText(backup.bytes)],
      ["Schema", String(backup.schema_version)],
      ["Holds", contentsText(backup)],
      ["SHA-256", backup.sha256],
    ], look),
  ].join("\n");
}

/** One row per backup, newest first. */
export function showBackups({ folder, backups }: BackupsAnswer, look: Look): string {
  if (backups.length === 0) return `No backups in ${folder}`;
  const rows = backups.map(({ name, bytes, made_at: madeAt, automatic }) => [
    name,
    megabytesText(bytes),
    madeAt,
    automatic ? "before a migration" : "",
  ]);
  return `${table(["Backup", "Size", "Made", "Note"], rows, look)}\nin ${folder}`;
}

/** What was restored, and where the replaced database is. */
export function showRestored(restored: RestoredView, look: Look): string {
  const { database, kept, schema_version: schema, newest_schema_version: newest } = restored;
  const migration = schema < newest ? `, migrated to ${newest} at the next start` : "";
  return [
    "Backup restored; start the daemon to use it",
    ...fieldLines([
      ["Database", database],
      ["Schema", `${schema}${migration}`],
      ["Holds", contentsText(restored)],
      ["Replaced", kept ?? "nothing"],
    ], look),
  ].join("\n");
}

function marketCell({ market_data: text, market_is_simulated: isSimulated }: SystemView): Cell {
  return isSimulated ? { text: `${text}: not real market prices`, tone: "yellow" } : { text };
}

function contentsText({ executions, bars }: Pick<BackupView, "executions" | "bars">): string {
  return `${countText(executions, "execution")}, ${countText(bars, "bar")}`;
}
