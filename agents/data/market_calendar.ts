/** When exchanges trade: sessions with their half-days, from the rules and tables of each. */

import { AppError, defineAgent, z } from "100ac";
import { calendarNames, coverageOf, sessionsBetween } from "100ac/calendar";

const daysMax = 3_700;

const Session = z.object({
  /** The local date at the exchange. */
  date: z.iso.date(),
  open: z.iso.datetime(),
  close: z.iso.datetime(),
  /** Whether it closes before the usual time. */
  half_day: z.boolean(),
});

export default defineAgent({
  id: "market_calendar",
  description: "Sessions of exchanges, half-days included",
  capabilities: {
    sessions: {
      description: `The sessions of ${calendarNames.join(", ")} between two dates, both included`,
      input: z.object({
        calendar: z.enum(calendarNames).default("XNYS"),
        from: z.iso.date(),
        to: z.iso.date(),
      }),
      output: z.object({ calendar: z.string(), sessions: z.array(Session) }),
      idempotent: true,
      examples: { "A week with a holiday": { from: "2026-11-23", to: "2026-11-27" } },
      run: ({ calendar, from, to }) => {
        const days = (Date.parse(to) - Date.parse(from)) / 86_400_000 + 1;
        if (days > daysMax) {
          throw new AppError(
            "invalid_input",
            `Cannot list sessions: ${from} to ${to} is over ${daysMax} days; ask in parts`,
          );
        }
        const sessions = sessionsBetween(calendar, from, to);
        return {
          calendar,
          sessions: sessions.map(({ date, openAtMs, closeAtMs, halfDay }) => ({
            date,
            open: new Date(openAtMs).toISOString(),
            close: new Date(closeAtMs).toISOString(),
            half_day: halfDay,
          })),
        };
      },
    },
    coverage: {
      description: "The first and the last date that a calendar answers for",
      input: z.object({ calendar: z.enum(calendarNames).default("XNYS") }),
      output: z.object({ first_date: z.iso.date(), last_date: z.iso.date() }),
      idempotent: true,
      examples: { "Of the New York Stock Exchange": { calendar: "XNYS" } },
      run: ({ calendar }) => {
        const { firstDate, lastDate } = coverageOf(calendar);
        return { first_date: firstDate, last_date: lastDate };
      },
    },
  },
});
