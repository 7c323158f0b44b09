/** Rules that hold each bar against its calendar, its events and the bar before it. Pure. */

import type { Bar, Finding, History } from "100ac";
import { calendarOf, finding, knownSessions } from "./finding.ts";
import { isSoundBar } from "./sound_bar.ts";

/** A day's change that no share makes without news, or without a split that was not taken out. */
const jumpMax = 0.4;

/** Bars that may be served, and the others with the reason. */
export interface SortedBars {
  readonly sound: readonly Bar[];
  readonly rejected: readonly { readonly bar: Bar; readonly reason: string }[];
}

/** Parts the bars that fail a rule of severity `error` from the others. */
export function sortOutBars(history: History): SortedBars {
  const closed = closedDates(history);
  const sound: Bar[] = [];
  const rejected: { bar: Bar; reason: string }[] = [];
  for (const bar of history.bars) {
    if (!isSoundBar(history.symbol, bar)) rejected.push({ bar, reason: "a price can't be" });
    else if (closed.has(bar.date)) rejected.push({ bar, reason: "the exchange was closed" });
    else sound.push(bar);
  }
  return { sound, rejected };
}

/** Two bars of one instant. */
export function duplicates(history: History): Finding[] {
  const seen = new Set<string>();
  return history.bars.flatMap(({ start, date }) => {
    if (!seen.has(start)) {
      seen.add(start);
      return [];
    }
    const message = `The bar of ${date} is there twice; the later one counts`;
    return [finding(history, "duplicate", "warning", start, message)];
  });
}

/** Bars of a day on which the exchange was closed. */
export function outOfSession(history: History): Finding[] {
  const closed = closedDates(history);
  return history.bars.filter(({ date }) => closed.has(date)).map(({ date, start }) => {
    const message = `The bar of ${date} is of a day without a session of ${history.calendar}`;
    return finding(history, "out_of_session", "error", start, message);
  });
}

/** Sessions on which nothing was traded; of indices nothing ever is. */
export function zeroVolumes(history: History): Finding[] {
  if (history.interval !== "1d" || calendarOf(history) === undefined) return [];
  if (history.symbol.startsWith("^")) return [];
  return history.bars.filter(({ volume }) => volume === 0).map(({ date, start }) => {
    const message = `The bar of ${date} has a volume of 0`;
    return finding(history, "zero_volume", "warning", start, message);
  });
}

/** Closes far from the one before: prices have splits taken out, so one may have been left in. */
export function jumps(history: History): Finding[] {
  if (history.interval !== "1d") return [];
  return history.bars.flatMap((bar, index) => {
    const before = history.bars[index - 1];
    if (before === undefined || !(before.close > 0) || !(bar.close > 0)) return [];
    const change = bar.close / before.close - 1;
    if (Math.abs(change) <= jumpMax) return [];
    const percent = `${change > 0 ? "+" : ""}${(change * 100).toFixed(1)} %`;
    const message = `The close of ${bar.date} is ${percent} from the one of ${before.date}; ` +
      `a split may be missing`;
    return [finding(history, "jump", "warning", bar.start, message)];
  });
}

/** A source that tells another currency than it did: its prices can't be put side by side. */
export function currencyFindings(history: History, known: string | null): Finding[] {
  if (known === null || history.currency === null || known === history.currency) return [];
  const message = `The currency is ${history.currency} now; the stored bars are in ${known}`;
  return [finding(history, "currency_change", "error", null, message)];
}

/** The dates of bars that are none of a session. */
function closedDates(history: History): ReadonlySet<string> {
  const calendar = calendarOf(history);
  const first = history.bars[0]?.date;
  const last = history.bars.at(-1)?.date;
  if (calendar === undefined || first === undefined || last === undefined) return new Set();
  const sessions = knownSessions(calendar, first, last);
  // what the calendar's table does not cover is not known to be closed
  const from = sessions[0]?.date ?? "9999-12-31";
  const to = sessions.at(-1)?.date ?? "0000-01-01";
  const open = new Set(sessions.map(({ date }) => date));
  return new Set(
    history.bars.map(({ date }) => date)
      .filter((date) => date >= from && date <= to && !open.has(date)),
  );
}
