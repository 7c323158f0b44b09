/** The state of stored series of bars: answers of `market.get_series` and similar capabilities. */

import { z } from "zod";

/** The stored facts of a series; null if nothing is stored or the source does not state it. */
export const SeriesState = z.object({
  bars: z.int(),
  first_date: z.iso.date().nullable(),
  last_date: z.iso.date().nullable(),
  currency: z.string().nullable(),
  /** As the source reported them with its bars; an unknown calendar is null. */
  timezone: z.string().nullable(),
  calendar: z.string().nullable(),
  /** The earliest date for which the source was asked for bars. */
  asked_from: z.iso.date().nullable(),
  /** The number of splits and dividends for which some bars are not restated yet. */
  events_pending: z.int(),
  quarantined: z.int(),
});
export type SeriesState = z.infer<typeof SeriesState>;

/** A session for which the source had no valid bar when it was last asked. */
export const Absence = z.object({
  date: z.iso.date(),
  asked_at: z.iso.datetime(),
  times_asked: z.int(),
});
export type Absence = z.infer<typeof Absence>;
