/**
 * Stops every clock of a host at an instant, before any agent is imported: everything that gives
 * the time gives that instant. Timers and `performance.now`, which measure durations, keep running.
 */

/** Called once, in a host of the past. */
export function stopClocks(atMs: number): void {
  stopDate(atMs);
  stopTemporal(atMs);
  stopFormats(atMs);
  stopPerformance(atMs);
  stopFiles(atMs);
  stopTimers(atMs);
}

/** The stopped Date shares its prototype, so that earlier dates are still `instanceof Date`. */
function stopDate(atMs: number): void {
  const running = Date;
  const stopped = new Proxy(running, {
    construct: (target, args: unknown[], made) =>
      Reflect.construct(target, args.length === 0 ? [atMs] : args, made) as object,
    apply: () => new running(atMs).toString(),
  });
  fix(running, "now", () => atMs);
  fix(running.prototype, "constructor", stopped);
  fix(globalThis, "Date", stopped);
}

function stopTemporal(atMs: number): void {
  const { Now } = Temporal;
  const zoneOf = Now.timeZoneId.bind(Now);
  const instant = Temporal.Instant.fromEpochMilliseconds(atMs);
  const zoned = (zone = zoneOf()): Temporal.ZonedDateTime => instant.toZonedDateTimeISO(zone);
  fix(Now, "instant", () => instant);
  fix(Now, "zonedDateTimeISO", zoned);
  fix(Now, "plainDateTimeISO", (zone?: string) => zoned(zone).toPlainDateTime());
  fix(Now, "plainDateISO", (zone?: string) => zoned(zone).toPlainDate());
  fix(Now, "plainTimeISO", (zone?: string) => zoned(zone).toPlainTime());
  fix(Temporal, "Now", Now);
  fix(globalThis, "Temporal", Temporal);
}

/** Called without a date, they take the present time from the engine. */
function stopFormats(atMs: number): void {
  const { prototype } = Intl.DateTimeFormat;
  const format = Object.getOwnPropertyDescriptor(prototype, "format")?.get;
  const { formatToParts } = prototype;
  if (!format) throw new Error("DateTimeFormat has no format getter");
  Object.defineProperty(prototype, "format", {
    get(this: Intl.DateTimeFormat) {
      const own = format.call(this) as (date: unknown) => string;
      return (date: unknown = atMs) => own(date);
    },
    configurable: false,
  });
  fix(prototype, "formatToParts", function (this: Intl.DateTimeFormat, date: Date | number = atMs) {
    return formatToParts.call(this, date);
  });
}

/** `timeOrigin + now()` is the instant, at the moment the host starts. */
function stopPerformance(atMs: number): void {
  const { prototype } = Performance;
  const timeOrigin = atMs - performance.now();
  Object.defineProperty(prototype, "timeOrigin", { get: () => timeOrigin, configurable: false });
  fix(prototype, "toJSON", () => ({ timeOrigin }));
}

/** A File created here gets the present as its date; cap every date at the instant. */
function stopFiles(atMs: number): void {
  const { prototype } = File;
  const lastModified = Object.getOwnPropertyDescriptor(prototype, "lastModified")?.get;
  if (!lastModified) throw new Error("File has no lastModified getter");
  Object.defineProperty(prototype, "lastModified", {
    get(this: File) {
      return Math.min(atMs, Number(lastModified.call(this)));
    },
    configurable: false,
  });
}

/** Timers keep running, but each exposes the time it was started at; show the instant instead. */
function stopTimers(atMs: number): void {
  const timer: unknown = setTimeout(() => undefined);
  clearTimeout(timer as number);
  const own = { get: () => atMs, set: () => undefined, configurable: false };
  Object.defineProperty(Object.getPrototypeOf(timer) as object, "_idleStart", own);
}

function fix(target: object, name: string, value: unknown): void {
  Object.defineProperty(target, name, { value, configurable: false, writable: false });
}
