/** Remembers what a source was asked for, and which of its sessions it has no bar of. */

import {
  type CalendarName,
  coverageOf,
  isCalendarName,
  sessionsBetween,
} from "../calendar/calendar.ts";
import type { Store } from "../store/store.ts";
import type { Series } from "./series.ts";
import { isFiledByDate, localDate } from "./basis/slots.ts";

export interface AskedDates {
  readonly from?: string | undefined;
  readonly until?: string | undefined;
}

/** Notes the sessions without a bar among the dates that were asked for and lie in the series. */
export async function noteAbsences(
  store: Store,
  of: Series,
  { from, until }: AskedDates,
  nowMs: number,
): Promise<void> {
  const { first_date, last_date, calendar, timezone } = await store.read({ read: "series", ...of });
  if (first_date === null || last_date === null) return;
  const since = from === undefined || from < first_date ? first_date : from;
  const today = localDate(nowMs, timezone ?? "UTC");
  const to = [until ?? last_date, last_date, today].reduce((a, b) => a < b ? a : b);
  const absent = await missing(store, of, calendar, since, to);
  const isWhole = until === undefined && from !== undefined;
  if (absent.length === 0 && !isWhole) return;
  await store.commit([
    ...isWhole ? [{ kind: "note_asked", ...of, from } as const] : [],
    ...absent.map((date) => ({ kind: "note_absent", ...of, date, asked_at: nowMs } as const)),
  ]);
}

async function missing(
  store: Store,
  of: Series,
  calendar: string | null,
  since: string,
  until: string,
): Promise<string[]> {
  if (calendar === null || !isCalendarName(calendar) || since > until) return [];
  if (isFiledByDate(of.interval) && of.interval !== "1d") return [];
  const dates = new Set(await store.read({ read: "bar_dates", ...of }));
  return sessionDates(calendar, since, until).filter((date) => !dates.has(date));
}

function sessionDates(calendar: CalendarName, since: string, until: string): string[] {
  const { firstDate, lastDate } = coverageOf(calendar);
  const from = since < firstDate ? firstDate : since;
  const to = until > lastDate ? lastDate : until;
  return from > to ? [] : sessionsBetween(calendar, from, to).map(({ date }) => date);
}
