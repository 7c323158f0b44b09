/** Instants as people write them: a local time with its zone, or a time with its offset. */

/** UTC milliseconds and the zone it was written in, or what is wrong with the text. */
export type InstantResult =
  | { readonly atMs: number; readonly timezone: string }
  | { readonly problem: string };

/**
 * Reads `2026-12-01T09:30[America/New_York]`, `2026-12-01T14:30Z` or `…T09:30-05:00`. A local
 * time that the clocks skip is refused; of one that they repeat, the first is meant.
 */
export function parseInstant(text: string): InstantResult {
  try {
    if (!text.includes("[")) {
      return { atMs: Temporal.Instant.from(text).epochMilliseconds, timezone: "UTC" };
    }
    const zoned = Temporal.ZonedDateTime.from(text, { disambiguation: "earlier" });
    const isKept = zoned.toPlainDateTime().equals(Temporal.PlainDateTime.from(text));
    if (isKept) return { atMs: zoned.epochMilliseconds, timezone: zoned.timeZoneId };
    return { problem: `is a time that the clocks skip: ${JSON.stringify(text.slice(0, 60))}` };
  } catch (thrown) {
    if (!(thrown instanceof RangeError)) throw thrown;
    const found = JSON.stringify(text.slice(0, 60));
    return {
      problem: `is no instant: ${found}; write it like 2026-12-01T09:30[America/New_York] or ` +
        "2026-12-01T14:30Z",
    };
  }
}

/** The text that {@link parseInstant} reads as this. */
export function instantText(atMs: number, timezone = "UTC"): string {
  const instant = Temporal.Instant.fromEpochMilliseconds(atMs);
  return timezone === "UTC" ? instant.toString() : instant.toZonedDateTimeISO(timezone).toString();
}
