/** Every option of the CLI. Each command lists the names of those it accepts. */

/** An option: a switch, a text, or a number between bounds. */
export type Flag =
  & { readonly summary: string; readonly short?: string }
  & (
    | { readonly kind: "switch" }
    | { readonly kind: "text"; readonly value: string }
    | {
      readonly kind: "number";
      readonly value: string;
      readonly min: number;
      readonly max: number;
    }
  );

export const flags = {
  detach: { kind: "switch", summary: "Start the execution and return at once" },
  timeout: {
    kind: "number",
    value: "SECONDS",
    min: 1,
    max: 604_800,
    summary: "Stop following after this time; the execution continues (default 3600)",
  },
  limit: {
    kind: "number",
    value: "N",
    min: 1,
    max: 1_000,
    summary: "Show at most this many (default 20)",
  },
  status: {
    kind: "text",
    value: "STATUS",
    summary: "Show only executions with this status: failed, running, …",
  },
  cursor: {
    kind: "text",
    value: "CURSOR",
    summary: "Continue after the previous page",
  },
  inputs: {
    kind: "text",
    value: "JSON",
    summary: `The workflow's inputs: '{"symbols":["AAPL"]}'`,
  },
  priority: {
    kind: "number",
    value: "N",
    min: -100,
    max: 100,
    summary: "Higher priorities start first: -100 to 100 (default 0)",
  },
  "as-of": {
    kind: "text",
    value: "INSTANT",
    summary: "Use only what was known at an earlier instant: 2026-03-01T21:00:00Z",
  },
  every: { kind: "text", value: "DURATION", summary: "Start it at an interval: 30s, 5m, 2h" },
  cron: { kind: "text", value: "RULE", summary: 'Start it by a cron rule: "40 9 * * MON-FRI"' },
  timezone: { kind: "text", value: "ZONE", summary: "The rule's time zone (default UTC)" },
  at: { kind: "text", value: "SESSION", summary: 'Start it at a session: "XNYS.close + 15m"' },
  once: {
    kind: "text",
    value: "INSTANT",
    summary: "Start it once: 2026-12-01T09:30[America/New_York]",
  },
  from: {
    kind: "text",
    value: "INSTANT",
    summary: "The first instant: 2026-11-01, 2026-11-01T14:30Z, 2026-11-01T09:30[Europe/Berlin]",
  },
  to: { kind: "text", value: "INSTANT", summary: "The last instant, not in the future" },
  file: {
    kind: "text",
    value: "FILE",
    summary: "Make the backup with this program instead of the daemon, as any new file",
  },
  json: { kind: "switch", summary: "Print the daemon's answer as one JSON document" },
  url: {
    kind: "text",
    value: "URL",
    summary: "The daemon to ask (default AC100_URL, else http://127.0.0.1:8100)",
  },
  help: { kind: "switch", short: "h", summary: "Show this help" },
} as const satisfies Record<string, Flag>;

export type FlagName = keyof typeof flags;

/** The options given on the command line; a switch is true or absent. */
export type FlagValues = {
  readonly [Name in FlagName]?: (typeof flags)[Name]["kind"] extends "switch" ? true
    : (typeof flags)[Name]["kind"] extends "number" ? number
    : string;
};
