/** Instants as they stand in Yahoo's answers. Pure. */

import { z } from "100ac";

// the years 0 to 9999, which ISO 8601 writes with four digits: in every zone, so a day less
const daySeconds = 86_400;
const secondsMin = -62_167_219_200 + daySeconds;
const secondsMax = 253_402_300_799 - daySeconds;

/**
 * Seconds since 1970, or the Date that yahoo-finance2 makes of them where its schema holds; read
 * as UTC milliseconds.
 */
export const yahooInstant = z.union([
  z.number().min(secondsMin).max(secondsMax).transform((seconds) => Math.round(seconds * 1_000)),
  z.date().min(new Date(secondsMin * 1_000)).max(new Date(secondsMax * 1_000))
    .transform((date) => date.getTime()),
]);
