/**
 * Metrics in Prometheus' text format, version 0.0.4 ("Exposition formats", prometheus.io). Pure.
 *
 * By hand: the values stand in the daemon's parts already, and prom-client, made to collect them,
 * takes 95 ms of the start and 20 MB of memory to write these lines.
 */

/** One value, told apart from the others of its name by its labels. */
export interface Sample {
  readonly labels?: Readonly<Record<string, string>>;
  readonly value: number;
  /** Of a histogram: `_bucket`, `_sum` or `_count`. */
  readonly suffix?: string;
}

/** All values of one name. */
export interface Metric {
  /** In snake_case with its unit; a counter's ends in `_total`. */
  readonly name: string;
  readonly help: string;
  readonly type: "counter" | "gauge" | "histogram";
  readonly samples: readonly Sample[];
}

/** What the answer is, by its content type. */
export const expositionType = "text/plain; version=0.0.4; charset=utf-8";

/** Metrics without a value are left out. */
export function exposition(metrics: readonly Metric[]): string {
  return metrics.filter(({ samples }) => samples.length > 0).map(metricText).join("");
}

function metricText({ name, help, type, samples }: Metric): string {
  const lines = samples.map(({ labels = {}, value, suffix = "" }) =>
    `${name}${suffix}${labelsText(labels)} ${valueText(value)}\n`
  );
  const told = help.replaceAll("\\", "\\\\").replaceAll("\n", "\\n");
  return `# HELP ${name} ${told}\n# TYPE ${name} ${type}\n${lines.join("")}`;
}

function labelsText(labels: Readonly<Record<string, string>>): string {
  const pairs = Object.entries(labels).map(([name, value]) => `${name}="${escaped(value)}"`);
  return pairs.length === 0 ? "" : `{${pairs.join(",")}}`;
}

function escaped(text: string): string {
  return text.replaceAll("\\", "\\\\").replaceAll('"', '\\"').replaceAll("\n", "\\n");
}

function valueText(value: number): string {
  if (value === Infinity) return "+Inf";
  return value === -Infinity ? "-Inf" : String(value);
}
