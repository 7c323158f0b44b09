/** A series of bars, as the capabilities of `market` name it. */

import { z } from "zod";
import { Interval, type MarketEvent, MarketSymbol, SourceName } from "../sdk/market.ts";
import type { SaveMarketEvent } from "../store/operations/market.ts";

/** What names a series, for schemas that hold more. */
export const series = { symbol: MarketSymbol, interval: Interval, source: SourceName };
/** What names a series, and nothing else. */
export const Series = z.strictObject(series);
export type Series = z.output<typeof Series>;

/** The most events that are read or written of a symbol. */
export const eventsMax = 5_000;

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

/** An event as it is stored. */
export function saveEvent(
  { source, symbol }: Pick<Series, "source" | "symbol">,
  { kind, ...event }: MarketEvent,
  recorded_at: number,
): SaveMarketEvent {
  return { ...event, kind: "save_market_event", event_kind: kind, source, symbol, recorded_at };
}
