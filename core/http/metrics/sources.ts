/** What the market's sources tell of themselves, as metrics. */

import type { SourceView } from "../api.ts";
import type { ControlPlane } from "../control_plane.ts";
import type { Metric, Sample } from "./exposition.ts";
import { sourceStatus } from "../views/sources.ts";

const scrapeMsMax = 1_000;

/** Where a source's agent is not running, or does not answer, only `up` is told of it. */
export async function sourceMetrics(plane: ControlPlane): Promise<Metric[]> {
  const sources = plane.hosts.sources.map(({ id }) => id);
  const asked = await Promise.all(sources.map((source) => statusIfRunning(plane, source)));
  const told = asked.filter((view) => view !== undefined);
  const counter = (name: string, help: string, of: (view: SourceView) => number): Metric => ({
    name: `ac100_source_${name}_total`,
    help,
    type: "counter",
    samples: told.map((view) => ({ labels: { source: view.source }, value: of(view) })),
  });
  return [
    {
      name: "ac100_source_up",
      help: "Whether the source's agent runs and answers.",
      type: "gauge",
      samples: sources.map((source, place) => ({
        labels: { source },
        value: asked[place] === undefined ? 0 : 1,
      })),
    },
    counter("requests", "What was asked of the source.", ({ asked }) => asked),
    counter("calls", "Calls of the market behind the source.", ({ calls }) => calls),
    counter("coalesced", "Requests that shared another's call.", ({ coalesced }) => coalesced),
    counter("retries", "Calls that were made again.", ({ retried }) => retried),
    counter("timeouts", "Calls that had no answer in time.", ({ timed_out }) => timed_out),
    counter("refused", "Requests refused without a call.", ({ refused }) => refused),
    counter("stale_served", "Old answers in place of failures.", (view) => view.served_stale),
    {
      name: "ac100_source_failures_total",
      help: "Failed calls by code.",
      type: "counter",
      samples: told.flatMap(({ source, failures }) =>
        Object.entries(failures).map(([code, value]) => ({ labels: { source, code }, value }))
      ),
    },
    {
      name: "ac100_source_breaker_state",
      help: "1 for the state that the source's breaker is in.",
      type: "gauge",
      samples: told.flatMap(({ source, breaker }) =>
        ["closed", "half_open", "open"].map((state) => ({
          labels: { source, state },
          value: state === breaker ? 1 : 0,
        }))
      ),
    },
    {
      name: "ac100_source_call_duration_seconds",
      help: "How long calls took, failed ones too.",
      type: "histogram",
      samples: told.flatMap(latencySamples),
    },
  ];
}

function latencySamples({ source, latency }: SourceView): Sample[] {
  const { count, sum_seconds, buckets } = latency;
  return [
    ...buckets.map(({ le_seconds, count }) => ({
      suffix: "_bucket",
      labels: { source, le: String(le_seconds) },
      value: count,
    })),
    { suffix: "_bucket", labels: { source, le: "+Inf" }, value: count },
    { suffix: "_sum", labels: { source }, value: sum_seconds },
    { suffix: "_count", labels: { source }, value: count },
  ];
}

/** Looking at a source must not start it, nor keep it from its rest. */
async function statusIfRunning(
  plane: ControlPlane,
  source: string,
): Promise<SourceView | undefined> {
  const entry = plane.hosts.entry(source);
  if (entry === undefined || plane.hosts.hostOf(entry) === undefined) return undefined;
  try {
    return await sourceStatus(plane, source, scrapeMsMax);
  } catch (thrown) {
    plane.log.debug("a source did not tell its metrics", { source, reason: String(thrown) });
    return undefined;
  }
}
