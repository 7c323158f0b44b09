/** Market data for people: its findings, and the state of its sources. */

import type { FindingView, SourceView } from "../../http/api.ts";
import type { FindingsAnswer, SourcesAnswer } from "../ask/client.ts";
import type { Look, Tone } from "./look.ts";
import { table } from "./table.ts";
import { agoText, secondsText } from "./units.ts";

const severityTones = {
  info: "dim",
  warning: "yellow",
  error: "red",
} as const satisfies Record<FindingView["severity"], Tone>;

const breakerTones = {
  closed: "green",
  half_open: "yellow",
  open: "red",
} as const satisfies Record<SourceView["breaker"], Tone>;

/** One row per finding, the most recently seen first. */
export function showFindings({ findings }: FindingsAnswer, look: Look): string {
  if (findings.length === 0) return "There are no findings.";
  const rows = findings.map((finding) => [
    [finding.symbol, finding.interval].filter(Boolean).join(" "),
    { text: finding.severity, tone: severityTones[finding.severity] },
    finding.rule,
    finding.message,
    finding.source,
    `${agoText(finding.last_seen_at, look.nowMs)}, ${finding.seen_count}×`,
  ]);
  return table(["Symbol", "Severity", "Rule", "Found", "Source", "Seen"], rows, look);
}

/** One row per source. */
export function showSources({ sources }: SourcesAnswer, look: Look): string {
  const rows = sources.map((source) => [
    source.source,
    { text: source.breaker, tone: breakerTones[source.breaker] },
    source.paused_until ?? "-",
    `${source.asked} asked, ${source.calls} calls, ${source.coalesced} shared`,
    `${source.retried} retried, ${source.timed_out} timed out, ${source.refused} refused`,
    Object.entries(source.failures).map(([code, count]) => `${count} ${code}`).join(", ") || "-",
    String(source.served_stale),
    meanLatency(source),
  ]);
  const heads = [
    "Source",
    "Breaker",
    "Paused until",
    "Asked",
    "Trouble",
    "Failures",
    "Stale",
    "Mean",
  ];
  return table(heads, rows, look);
}

function meanLatency({ latency: { count, sum_seconds } }: SourceView): string {
  return count === 0 ? "-" : secondsText(sum_seconds / count);
}
