/** Instants as they stand in Yahoo's answers. Pure. */

import { z } from "100ac";

// the years 0 to 9999, which ISO 8601 writes with four digits
const secondsMin = -62_167_219_200;
const secondsMax = 253_402_300_799;

/**
 * Seconds since 1970, or the Date that yahoo-finance2 makes of them where its schema holds; read
 * as UTC milliseconds.
 */
export const yahooInstant = z.union([
  z.number().min(secondsMin).max(secondsMax).transform((seconds) => Math.round(seconds * 1_000)),
  z.date().min(new Date(secondsMin * 1_000)).max(new Date(secondsMax * 1_000))
    .transform((date) => date.getTime()),
]);
