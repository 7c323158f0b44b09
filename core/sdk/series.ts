/** The state of stored series of bars: answers of `market.get_series` and similar capabilities. */

import { z } from "zod";
import { Prices } from "./market.ts";

/** The stored facts of a series; null if nothing is stored or the source does not state it. */
export const SeriesState = z.object({
  bars: z.int(),
  first_date: z.iso.date().nullable(),
  last_date: z.iso.date().nullable(),
  /** The date of the last bar that was recorded after its session had ended. */
  final_date: z.iso.date().nullable(),
  currency: z.string().nullable(),
  /** As the source reported them with its bars; an unknown calendar is null. */
  timezone: z.string().nullable(),
  calendar: z.string().nullable(),
  /** The earliest date for which the source was asked for bars. */
  asked_from: z.iso.date().nullable(),
  /**
   * The basis the bars are stored on. `unknown`: from before prices were stored as traded; the next
   * sync fetches them anew.
   */
  basis: z.enum([...Prices.options, "unknown"]).nullable(),
  /** The agent that saved it last. */
  agent: z.string().nullable(),
  /** When a bar was last written. */
  recorded_at: z.iso.datetime().nullable(),
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
