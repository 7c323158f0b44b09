/** What the daemon says of the bars it stores: the answers of `market.get_series` and its kind. */

import { z } from "zod";

/** What is stored of a series; null: nothing is stored, or the source does not say. */
export const SeriesState = z.object({
  bars: z.int(),
  first_date: z.iso.date().nullable(),
  last_date: z.iso.date().nullable(),
  currency: z.string().nullable(),
  /** As the source gave them with its bars; a calendar that the source does not know is null. */
  timezone: z.string().nullable(),
  calendar: z.string().nullable(),
  /** The earliest date that the source was asked for bars of. */
  asked_from: z.iso.date().nullable(),
  /** Splits and dividends among the bars that not all of them are restated for. */
  events_pending: z.int(),
  quarantined: z.int(),
});
export type SeriesState = z.infer<typeof SeriesState>;

/** A session that the source had no sound bar of when it was last asked. */
export const Absence = z.object({
  date: z.iso.date(),
  asked_at: z.iso.datetime(),
  times_asked: z.int(),
});
export type Absence = z.infer<typeof Absence>;
