/**
 * What may be wrong with the values a source gives. Pure: the caller brings the clock.
 *
 * An `error` says that the value can't be used: it is neither served nor stored. A `warning` says
 * that it is used but wants a look, an `info` only that something was not told.
 */

import type { Finding, History, Interval, Quote } from "100ac";
import type { Session } from "100ac/calendar";

import { duplicates, jumps, outOfSession, zeroVolumes } from "./bar_rules.ts";
import { calendarOf, finding, knownSessions } from "./finding.ts";
import { barPrices, priceSeverity } from "./sound_bar.ts";

const hourMs = 3_600_000;
const dayMs = 24 * hourMs;

/**
 * The longest that exchanges rest by rule, over Easter and Christmas: from Thursday noon to
 * Tuesday morning is 4 days and 20 hours in London. A price older than this is stale.
 */
const restMsMax = 5 * dayMs;
/** Sources have a session's last bar within hours of its close. */
const barDelayMsMax = 12 * hourMs;
/** Findings of one rule on one history; the last of them counts the rest. */
export const findingsMaxPerRule = 20;

const quoteFields = [
  "currency",
  "previous_close",
  "open",
  "day_high",
  "day_low",
  "volume",
] as const;
const sidePrices = ["previous_close", "open", "day_high", "day_low"] as const;
const optionalBarFields = ["volume", "adjusted_close"] as const;

/** Findings on a quote; with one of severity `error` the quote can't be used. */
export function quoteFindings(quote: Quote, nowMs: number): Finding[] {
  const findings: Finding[] = [];
  const add = (rule: Finding["rule"], severity: Finding["severity"], message: string): void => {
    const { symbol, source, as_of: at } = quote;
    findings.push({ rule, severity, symbol, interval: null, at, message, source });
  };
  const missing = quoteFields.filter((field) => quote[field] === null);
  if (missing.length > 0) add("missing_field", "info", `The source gives no ${listed(missing)}`);
  if (!(quote.price > 0)) {
    add("non_positive_price", priceSeverity(quote.symbol), `The price is ${quote.price}`);
  }
  // sources give 0 here for what has not traded today; the price itself stays good
  const odd = sidePrices.filter((field) => quote[field] !== null && !(quote[field] > 0));
  if (odd.length > 0) {
    const values = odd.map((field) => `${field} is ${quote[field]}`);
    add("non_positive_price", "warning", capitalized(listed(values)));
  }
  if ((quote.volume ?? 0) < 0) add("negative_volume", "warning", `The volume is ${quote.volume}`);
  const { day_high: high, day_low: low } = quote;
  if (high !== null && low !== null && high < low) {
    add("high_below_low", "warning", `The day's high ${high} is below its low ${low}`);
  }
  const ageMs = nowMs - Date.parse(quote.as_of);
  if (ageMs > restMsMax) add("stale", "warning", `The price is ${wholeDays(ageMs)} days old`);
  return findings;
}

/** Findings on a history and its bars, at most {@link findingsMaxPerRule} of each rule. */
export function barFindings(history: History, nowMs: number): Finding[] {
  return [
    missingFields(history),
    nonPositivePrices(history),
    highsBelowLows(history),
    negativeVolumes(history),
    gaps(history),
    staleness(history, nowMs),
    duplicates(history),
    outOfSession(history),
    zeroVolumes(history),
    jumps(history),
  ].flatMap(bounded);
}

/** A field that no bar has is one that the source does not serve: only holes are findings. */
function missingFields(history: History): Finding[] {
  const { bars } = history;
  return optionalBarFields.flatMap((field) => {
    const without = bars.filter((bar) => bar[field] === null);
    const first = without[0];
    if (first === undefined || without.length === bars.length) return [];
    const message = `${without.length} of ${bars.length} bars have no ${field}, ` +
      `the first on ${first.date}`;
    return [finding(history, "missing_field", "warning", first.start, message)];
  });
}

function nonPositivePrices(history: History): Finding[] {
  const severity = priceSeverity(history.symbol);
  return history.bars.flatMap((bar) => {
    const odd = barPrices.filter((field) => !(bar[field] > 0));
    if (odd.length === 0) return [];
    const values = odd.map((field) => `${field} ${bar[field]}`);
    const message = `The bar of ${bar.date} has ${listed(values)}`;
    return [finding(history, "non_positive_price", severity, bar.start, message)];
  });
}

function highsBelowLows(history: History): Finding[] {
  return history.bars.filter((bar) => bar.high < bar.low).map((bar) => {
    const message = `The bar of ${bar.date} has a high ${bar.high} below its low ${bar.low}`;
    return finding(history, "high_below_low", "error", bar.start, message);
  });
}

function negativeVolumes(history: History): Finding[] {
  return history.bars.filter(({ volume }) => (volume ?? 0) < 0).map((bar) => {
    const message = `The bar of ${bar.date} has a volume of ${bar.volume}`;
    return finding(history, "negative_volume", "error", bar.start, message);
  });
}

/** Runs of sessions without any bar, between the first bar and the last. */
function gaps(history: History): Finding[] {
  const calendar = calendarOf(history);
  const first = history.bars[0];
  const last = history.bars.at(-1);
  if (calendar === undefined || first === undefined || last === undefined) return [];
  const dates = new Set(history.bars.map((bar) => bar.date));
  return missingRuns(knownSessions(calendar, first.date, last.date), dates).map((run) => {
    const { begin, end, count } = run;
    const span = count === 1 ? begin.date : `${begin.date} to ${end.date}`;
    const message = `${counted(count, "session")} of ${calendar} without a bar: ${span}`;
    return finding(history, "gap", "warning", new Date(begin.openAtMs).toISOString(), message);
  });
}

interface Run {
  readonly begin: Session;
  readonly end: Session;
  readonly count: number;
}

/** Sessions without a bar, neighbours taken together. */
function missingRuns(sessions: readonly Session[], dates: ReadonlySet<string>): Run[] {
  const runs: Run[] = [];
  let run: Run | undefined;
  for (const session of sessions) {
    if (dates.has(session.date)) {
      run = undefined;
      continue;
    }
    if (run !== undefined) runs.pop();
    run = { begin: run?.begin ?? session, end: session, count: (run?.count ?? 0) + 1 };
    runs.push(run);
  }
  return runs;
}

/** By the sessions that have ended since the last bar; by its age where no calendar is known. */
function staleness(history: History, nowMs: number): Finding[] {
  const last = history.bars.at(-1);
  if (last === undefined) {
    return [finding(history, "stale", "warning", null, "The history has no bars")];
  }
  const calendar = calendarOf(history);
  if (calendar !== undefined) {
    const today = new Date(nowMs).toISOString().slice(0, 10);
    const missed = knownSessions(calendar, last.date, today).filter(({ date, closeAtMs }) =>
      date > last.date && closeAtMs + barDelayMsMax <= nowMs
    );
    if (missed.length === 0) return [];
    const message = `${counted(missed.length, "session")} of ${calendar} ended ` +
      `since the last bar, of ${last.date}`;
    return [finding(history, "stale", "warning", last.start, message)];
  }
  const ageMs = nowMs - Date.parse(last.start);
  if (ageMs <= restMsMax + lengthMs(history.interval)) return [];
  const message = `The last bar, of ${last.date}, began ${wholeDays(ageMs)} days ago`;
  return [finding(history, "stale", "warning", last.start, message)];
}

function lengthMs(interval: Interval): number {
  const days: Partial<Record<Interval, number>> = { "1d": 1, "1wk": 7, "1mo": 31 };
  return (days[interval] ?? 0) * dayMs;
}

function bounded(findings: readonly Finding[]): readonly Finding[] {
  const last = findings[findingsMaxPerRule - 1];
  if (last === undefined || findings.length === findingsMaxPerRule) return findings;
  const kept = findings.slice(0, findingsMaxPerRule - 1);
  const message = `${findings.length - kept.length} more of this rule; the first: ${last.message}`;
  return [...kept, { ...last, message }];
}

function counted(count: number, noun: string): string {
  return count === 1 ? `1 ${noun}` : `${count} ${noun}s`;
}

function listed(words: readonly string[]): string {
  return words.join(", ");
}

function capitalized(text: string): string {
  return text.slice(0, 1).toUpperCase() + text.slice(1);
}

function wholeDays(ms: number): number {
  return Math.floor(ms / dayMs);
}
