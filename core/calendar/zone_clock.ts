/** Wall-clock time of one time zone in UTC, fast where times come in ascending order. */

const nsPerMs = 1_000_000;

/**
 * Gives a function from wall-clock milliseconds (those of UTC reading the same) to UTC
 * milliseconds. Temporal is asked only once per stretch between two clock changes, which makes a
 * year of sessions cost three questions and not five hundred.
 *
 * The function wants ascending times. A time that the clocks skip or repeat is read as Temporal
 * does by default ("compatible"): the skipped later, the repeated at its first occurrence.
 */
export function zoneClock(timeZone: string): (wallMs: number) => number {
  let offsetMs = 0;
  let changesAtMs = Number.NEGATIVE_INFINITY;
  return (wallMs) => {
    if (wallMs - offsetMs >= changesAtMs) {
      const zoned = Temporal.Instant.fromEpochMilliseconds(wallMs)
        .toZonedDateTimeISO("UTC").toPlainDateTime().toZonedDateTime(timeZone);
      offsetMs = zoned.offsetNanoseconds / nsPerMs;
      changesAtMs = zoned.getTimeZoneTransition("next")?.epochMilliseconds ??
        Number.POSITIVE_INFINITY;
      return zoned.epochMilliseconds;
    }
    return wallMs - offsetMs;
  };
}
