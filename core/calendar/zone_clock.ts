/** Converts wall-clock times of one time zone to UTC; fast for ascending times. */

const nsPerMs = 1_000_000;

/**
 * Returns a function from wall-clock milliseconds (the UTC milliseconds with the same reading) to
 * UTC milliseconds. It uses Temporal only once per stretch between two clock changes, so a year of
 * sessions costs three conversions instead of five hundred.
 *
 * Times must ascend. A time that the clocks skip or repeat is resolved as Temporal does by default
 * ("compatible"): a skipped time to the later instant, a repeated one to its first.
 */
export function zoneClock(timeZone: string): (wallMs: number) => number {
  let offsetMs = 0;
  // the stretch, in UTC, in which the offset holds; empty at first
  let sinceMs = Number.POSITIVE_INFINITY;
  let untilMs = Number.NEGATIVE_INFINITY;
  return (wallMs) => {
    const atMs = wallMs - offsetMs;
    if (atMs >= sinceMs && atMs < untilMs) return atMs;
    const zoned = Temporal.Instant.fromEpochMilliseconds(wallMs)
      .toZonedDateTimeISO("UTC").toPlainDateTime().toZonedDateTime(timeZone);
    const { epochMilliseconds: zonedAtMs } = zoned;
    offsetMs = zoned.offsetNanoseconds / nsPerMs;
    // a skipped time is moved out of the gap, so its offset does not hold for its neighbours
    sinceMs = wallMs - offsetMs === zonedAtMs ? zonedAtMs : Number.POSITIVE_INFINITY;
    untilMs = zoned.getTimeZoneTransition("next")?.epochMilliseconds ?? Number.POSITIVE_INFINITY;
    return zonedAtMs;
  };
}
