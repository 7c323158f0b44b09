/** From Yahoo's calendar and earnings history to events. Pure. */

import { MarketEvent, z } from "100ac";
import { YahooFailure } from "./failure.ts";
import { yahooInstant } from "./instant.ts";

/** Yahoo writes a number bare, as `{ raw, fmt }`, or as `{}` for none. */
const amount = z.union([
  z.number(),
  z.object({ raw: z.number() }).transform(({ raw }) => raw),
  z.strictObject({}).transform(() => null),
]).nullish();
const instant = z.union([
  yahooInstant,
  z.object({ raw: yahooInstant }).transform(({ raw }) => raw),
]);

/** What is used of the answer; everything else in it may be as it likes. */
const Summary = z.object({
  calendarEvents: z.object({
    earnings: z.object({
      earningsDate: z.array(instant).nullish(),
      isEarningsDateEstimate: z.boolean().nullish(),
      earningsAverage: amount,
    }).nullish(),
    exDividendDate: instant.nullish(),
  }).nullish(),
  earningsHistory: z.object({
    history: z.array(z.object({
      epsActual: amount,
      epsEstimate: amount,
      quarter: instant.nullish(),
      currency: z.string().nullish(),
    })),
  }).nullish(),
});

/**
 * The events in a summary of `symbol`, oldest first; `nowMs` separates past from upcoming. Yahoo
 * gives the first and the last day of the next earnings' announcement: the first is taken. Of past
 * ones it gives only the quarter.
 * @throws {YahooFailure} `bad_answer`: other types.
 */
export function readEvents(
  summary: unknown,
  { symbol, nowMs, timezone }: {
    readonly symbol: string;
    readonly nowMs: number;
    /** Of the exchange: announcements are dated by its day. */
    readonly timezone: string;
  },
): MarketEvent[] {
  const read = Summary.safeParse(summary);
  if (!read.success) {
    const issue = read.error.issues[0];
    throw new YahooFailure(
      "bad_answer",
      `Yahoo's events can't be used: its ${issue?.path.join(".")} can't be read: ${issue?.message}`,
    );
  }
  const { calendarEvents, earningsHistory } = read.data;
  const of = { symbol, source: "yahoo" };
  const events = (earningsHistory?.history ?? []).flatMap((entry) =>
    entry.quarter === null || entry.quarter === undefined ? [] : MarketEvent.parse({
      ...of,
      kind: "earnings",
      date: utcDate(entry.quarter),
      dated_by: "quarter_end",
      amount: entry.epsActual ?? null,
      estimate: entry.epsEstimate ?? null,
      currency: entry.currency ?? null,
    })
  );
  const next = calendarEvents?.earnings;
  const nextMs = next?.earningsDate?.[0];
  if (nextMs !== undefined) {
    events.push(MarketEvent.parse({
      ...of,
      kind: "earnings",
      date: localDate(nextMs, timezone),
      estimate: next?.earningsAverage ?? null,
      // a span of days is an estimate, whatever is said of it
      estimated: nextMs > nowMs &&
        ((next?.isEarningsDateEstimate ?? false) || (next?.earningsDate?.length ?? 0) > 1),
    }));
  }
  const exDividendMs = calendarEvents?.exDividendDate ?? undefined;
  // past ones come with the chart, and their amount
  if (exDividendMs !== undefined && exDividendMs > nowMs) {
    const date = utcDate(exDividendMs);
    events.push(MarketEvent.parse({ ...of, kind: "dividend", date }));
  }
  return events.sort((a, b) => a.date < b.date ? -1 : 1);
}

function localDate(atMs: number, timezone: string): string {
  return Temporal.Instant.fromEpochMilliseconds(atMs).toZonedDateTimeISO(timezone).toPlainDate()
    .toString();
}

function utcDate(atMs: number): string {
  return new Date(atMs).toISOString().slice(0, 10);
}
