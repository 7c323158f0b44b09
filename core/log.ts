/**
 * Log lines: one JSON object per line on standard error, or a short coloured form on a terminal.
 * `AC100_LOG` sets the lowest level that is written.
 */

import { styleText } from "node:util";
import type { Mask } from "./mask.ts";

export const logLevels = ["debug", "info", "warn", "error", "off"] as const;
export type LogLevel = Exclude<(typeof logLevels)[number], "off">;
export type LogThreshold = (typeof logLevels)[number];

export interface Log {
  debug(message: string, fields?: Record<string, unknown>): void;
  info(message: string, fields?: Record<string, unknown>): void;
  warn(message: string, fields?: Record<string, unknown>): void;
  error(message: string, fields?: Record<string, unknown>): void;
  /** The same log with `fields` added to every line. */
  with(fields: Record<string, unknown>): Log;
}

export interface LogOptions {
  readonly threshold: LogThreshold;
  readonly write: (line: string) => void;
  /** Whether to write lines for people instead of JSON. */
  readonly pretty: boolean;
  readonly now?: () => number;
}

export function createLog(options: LogOptions, common: Record<string, unknown> = {}): Log {
  const thresholdIndex = logLevels.indexOf(options.threshold);
  const now = options.now ?? Date.now;
  const at = (level: LogLevel) => (message: string, fields: Record<string, unknown> = {}) => {
    if (logLevels.indexOf(level) < thresholdIndex) return;
    const time = new Date(now()).toISOString();
    const own = { time, level, message };
    const all = { ...common, ...fields };
    // No field may stand in for the log's own.
    options.write(
      options.pretty
        ? prettyLine(time, level, message, all)
        : JSON.stringify({ ...own, ...all, ...own }),
    );
  };
  return {
    debug: at("debug"),
    info: at("info"),
    warn: at("warn"),
    error: at("error"),
    with: (fields) => createLog(options, { ...common, ...fields }),
  };
}

/** The same log with secret values masked. */
export function maskedLog(log: Log, mask: Mask): Log {
  if (mask.isEmpty) return log;
  const at = (level: LogLevel) => (message: string, fields: Record<string, unknown> = {}) =>
    log[level](mask.text(message), mask.data(fields) as Record<string, unknown>);
  return {
    debug: at("debug"),
    info: at("info"),
    warn: at("warn"),
    error: at("error"),
    with: (fields) => maskedLog(log.with(mask.data(fields) as Record<string, unknown>), mask),
  };
}

/** Writes to standard error: coloured on a terminal, JSON otherwise. */
export function openStandardLog(threshold: LogThreshold): Log {
  const encoder = new TextEncoder();
  const write = (line: string): void => {
    const bytes = encoder.encode(`${line}\n`);
    try {
      for (let done = 0; done < bytes.length;) done += Deno.stderr.writeSync(bytes.subarray(done));
    } catch {
      // The terminal or pipe is closed. That is no reason to stop the daemon.
    }
  };
  return createLog({ threshold, write, pretty: Deno.stderr.isTerminal() });
}

const colours = { debug: "gray", info: "green", warn: "yellow", error: "red" } as const;

function prettyLine(
  time: string,
  level: LogLevel,
  message: string,
  fields: Record<string, unknown>,
): string {
  const rest = Object.entries(fields).map(([key, value]) =>
    styleText(
      "gray",
      printable(`${key}=${typeof value === "string" ? value : JSON.stringify(value)}`),
    )
  );
  const label = styleText(colours[level], level.padEnd(5));
  const parts = [styleText("gray", time.slice(11, 23)), label, printable(message), ...rest];
  return parts.join(" ");
}

/** A text on one line, and without what steers a terminal. */
function printable(text: string): string {
  // deno-lint-ignore no-control-regex -- making them visible is the point
  return text.replace(/[\x00-\x1f\x7f-\x9f]/g, (found) => {
    const code = found.charCodeAt(0);
    return code === 10 ? "\\n" : `\\x${code.toString(16).padStart(2, "0")}`;
  });
}
