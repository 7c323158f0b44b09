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
    // a time that the clocks skip is moved out of the gap: it tells nothing of its neighbours
    sinceMs = wallMs - offsetMs === zonedAtMs ? zonedAtMs : Number.POSITIVE_INFINITY;
    untilMs = zoned.getTimeZoneTransition("next")?.epochMilliseconds ?? Number.POSITIVE_INFINITY;
    return zonedAtMs;
  };
}
