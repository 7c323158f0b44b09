/** A series of bars, as the capabilities of `market` name it. */

import { z } from "zod";
import type { Row } from "../store/sqlite/database.ts";
import { Interval, MarketSymbol, SourceName } from "../sdk/market.ts";

/** What names a series, for schemas that hold more. */
export const series = { symbol: MarketSymbol, interval: Interval, source: SourceName };
/** What names a series, and nothing else. */
export const Series = z.strictObject(series);
export type Series = z.output<typeof Series>;

/** A split or dividend, by what makes it one. */
export interface DatedEvent {
  readonly kind: string;
  readonly date: string;
}

/** The most events that are read or written of a symbol. */
export const eventsMax = 5_000;

/** What names a series, in the order of the tables' keys. */
export function seriesOf({ source, symbol, interval }: Series): [string, string, string] {
  return [source, symbol, interval];
}

/** A row of `kind` and `date`. */
export function toDated({ kind, date }: Row): DatedEvent {
  return { kind: String(kind), date: String(date) };
}

/**
 * The instant up to which what is read was known, in UTC milliseconds: the one that is asked for,
 * but none after the one that the request itself sees up to; undefined: now.
 */
export function knownUntil(
  asked: string | undefined,
  asOfMs: number | undefined,
): number | undefined {
  if (asked === undefined) return asOfMs;
  return Math.min(Date.parse(asked), asOfMs ?? Infinity);
}
